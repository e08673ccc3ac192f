import type { Device, Stale } from "../../api/types.ts";
import { page } from "../../paths.ts";
import { Link } from "../../ui/button.tsx";
import { Command } from "../../ui/copy.tsx";
import { Notice } from "../../ui/feedback.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Time } from "../../ui/time.tsx";
import { initCommand, renewCommand } from "../../util/commands.ts";

/** Devices whose trust in their repository has run out (docs/SPEC.md section 10.7): the mark, and what to do. */

export const STALE_OPTIONS = [
	{ value: "", label: "Stale or not" },
	{ value: "true", label: "Stale" },
	{ value: "false", label: "Not stale" },
];

export function StaleMark() {
	return (
		<Mark shape="clock" tone="warn">
			Stale
		</Mark>
	);
}

const TITLE: Record<Stale["why"], string> = {
	"metadata-expired": "Stale: what its managers signed has expired",
	"not-followed": "Stale: it does not follow what is published",
	"no-repository": "Stale: nothing is published for it",
};

/** Why, what it means, and the next step with its command. */
export function StaleNotice({ device, stale }: { device: Device; stale: Stale }) {
	return (
		<Notice tone="warn" title={TITLE[stale.why]}>
			<div class="stack">
				<p>
					Since <Time at={stale.since} focusable />. It runs on, but takes no update until this is mended.
				</p>
				<Advice device={device} stale={stale} />
			</div>
		</Notice>
	);
}

function Advice({ device, stale }: { device: Device; stale: Stale }) {
	const { platform } = device;
	const review = platform === null ? null : <Link href={page.review({ platform })}>Review</Link>;
	switch (stale.why) {
		case "metadata-expired":
			return (
				<>
					<p>
						<strong>{stale.role ?? "A role"}</strong> of {platform ?? "its platform"} expired
						{stale.expired_at ? (
							<>
								{" "}
								<Time at={stale.expired_at} focusable />
							</>
						) : null}
						. Its managers sign a new version, each on their own machine; the device takes it at its next look. {review}
					</p>
					<Command text={renewCommand(location.origin, stale.role ?? "")} />
				</>
			);
		case "not-followed":
			return (
				<p>
					What is published is good, yet the device does not have it or refuses it. Back from a long absence, it catches
					up within hours. If not, look below for a reason that begins with <code>tuf-</code>, and write the platform's
					root to it anew. {review}
				</p>
			);
		case "no-repository":
			return (
				<>
					<p>
						The device carries a root and asks for signed lists, but {platform ?? "its platform"} publishes none here.
						Either it belongs to another platform or server, or its repository is still to be made:
					</p>
					{platform ? <Command text={initCommand(location.origin, platform)} /> : null}
				</>
			);
	}
}
