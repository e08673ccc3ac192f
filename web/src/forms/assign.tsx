import { useState } from "preact/hooks";
import { releaseList, updateCreate } from "../api/client.ts";
import { asProblem } from "../api/problem.ts";
import type { Device, Release } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { page } from "../paths.ts";
import { Link } from "../ui/button.tsx";
import { Loading, Notice } from "../ui/feedback.tsx";
import { toast } from "../ui/toast.tsx";
import { count, groupBy, mapPool } from "../util/list.ts";
import { compareVersions } from "../util/version.ts";
import { FormDialog, OnceDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

type Target = Pick<Device, "id" | "name" | "platform" | "version" | "update">;

interface AssignProps {
	/** All of one platform. */
	devices: Target[];
	platform: string;
	onClose: () => void;
	onDone: () => void;
}

interface Refusal {
	device: string;
	why: string;
}

const AT_ONCE = 4;

/** Why a release cannot be taken by any of these devices, or nothing. */
export function whyNot(release: Pick<Release, "state" | "version">, devices: Pick<Device, "version">[]): string {
	if (release.state === "withdrawn") return "withdrawn";
	if (release.state === "draft") return "not complete";
	const runs = devices.map((d) => d.version);
	if (runs.every((v) => v === release.version)) return devices.length === 1 ? "runs already" : "runs on all of them";
	if (runs.every((v) => v !== null && compareVersions(v, release.version) > 0)) return "lower than what runs";
	return "";
}

export function AssignDialog({ devices, platform, onClose, onDone }: AssignProps) {
	const releases = useLoad(`assign ${platform}`, (signal) => releaseList(platform, signal));
	const [chosen, setChosen] = useState("");
	const [refused, setRefused] = useState<Refusal[]>([]);
	const one = devices.length === 1 ? devices[0] : undefined;
	const usable = releases.data?.filter((r) => whyNot(r, devices) === "") ?? [];
	const version = chosen || usable[0]?.version || "";
	const form = useSubmit(async () => {
		if (one) {
			await updateCreate(one.id, version);
		} else {
			const refusals = (await mapPool(devices, AT_ONCE, (d) => tryAssign(d.id, version))).filter((r) => r !== null);
			if (refusals.length > 0) {
				setRefused(refusals);
				onDone();
				return;
			}
		}
		toast(`${version} assigned to ${one ? one.name || one.id : count(devices.length, "device")}`);
		onDone();
		onClose();
	});
	if (refused.length > 0)
		return <Refusals refused={refused} total={devices.length} version={version} onClose={onClose} />;
	return (
		<FormDialog
			title={one ? `Assign a release to ${one.name || one.id}` : `Assign a release to ${devices.length} devices`}
			form={form}
			problem={form.problem ?? releases.problem}
			action={one ? `Assign ${version}` : `Assign ${version} to ${count(devices.length, "device")}`}
			denied={version ? "" : "No release can be assigned"}
			onClose={onClose}
		>
			{releases.data === null && releases.problem === null ? <Loading /> : null}
			{releases.data ? (
				<Choices releases={releases.data} devices={devices} value={version} onChange={setChosen} />
			) : null}
			{releases.data?.length === 0 ? (
				<Notice tone="info" title={`${platform} has no release yet`}>
					<Link href={page.releases({ platform })}>Upload one first</Link>
				</Notice>
			) : null}
			{version ? (
				<p class="consequence">
					{one ? "At its next poll the device is" : `At their next polls these ${devices.length} devices are`} offered{" "}
					<strong>{version}</strong>. It is downloaded, checked for who signed it, and restarted into; a version that
					does not confirm itself is taken back.
				</p>
			) : null}
		</FormDialog>
	);
}

async function tryAssign(device: string, version: string): Promise<Refusal | null> {
	try {
		await updateCreate(device, version);
		return null;
	} catch (error) {
		const problem = asProblem(error);
		return { device, why: problem.detail || problem.title };
	}
}

interface ChoicesProps {
	releases: Release[];
	devices: Target[];
	value: string;
	onChange: (version: string) => void;
}

function Choices({ releases, devices, value, onChange }: ChoicesProps) {
	return (
		<fieldset class="options">
			<legend>Release</legend>
			{releases.map((r) => {
				const why = whyNot(r, devices);
				return (
					<label key={r.id} class={why ? "option off" : "option"}>
						<input
							type="radio"
							name="version"
							value={r.version}
							checked={r.version === value}
							disabled={why !== ""}
							onChange={() => onChange(r.version)}
						/>
						<strong>{r.version}</strong>
						<span class="muted">{why || r.channel || "not in a channel"}</span>
						<span class="grow" />
						<span class="muted small">runs on {r.running_on}</span>
					</label>
				);
			})}
		</fieldset>
	);
}

function Refusals({
	refused,
	total,
	version,
	onClose,
}: {
	refused: Refusal[];
	total: number;
	version: string;
	onClose: () => void;
}) {
	return (
		<OnceDialog
			title={`${version}: ${count(total - refused.length, "device")} assigned, ${refused.length} not`}
			done="Close"
			onClose={onClose}
		>
			{[...groupBy(refused, (r) => r.why)].map(([why, list]) => (
				<Notice key={why} tone="warn" title={`${count(list.length, "device")}: ${why}`}>
					{list.map((r) => r.device).join(", ")}
				</Notice>
			))}
		</OnceDialog>
	);
}
