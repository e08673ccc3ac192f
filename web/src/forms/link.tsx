import { useState } from "preact/hooks";
import { releaseList } from "../api/client.ts";
import { type DownloadLink, linkCreate, linkRevoke } from "../api/records.ts";
import type { Release } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { usePlatforms } from "../pages/parts/platforms.ts";
import { Command } from "../ui/copy.tsx";
import { Loading } from "../ui/feedback.tsx";
import { SelectField } from "../ui/field.tsx";
import { Time } from "../ui/time.tsx";
import { toast } from "../ui/toast.tsx";
import { bytes } from "../util/bytes.ts";
import { Confirm } from "./confirm.tsx";
import { FormDialog, OnceDialog } from "./dialog.tsx";
import { ProblemNotice } from "./problem.tsx";
import { Secret } from "./secret.tsx";
import { useSubmit } from "./useSubmit.ts";

const EXPIRY = [
	{ value: "600", label: "in 10 minutes" },
	{ value: "3600", label: "in an hour" },
	{ value: "28800", label: "in 8 hours" },
	{ value: "86400", label: "in a day" },
	{ value: "259200", label: "in 3 days" },
	{ value: "604800", label: "in a week" },
];

/** Budgets as a number of whole files: what is cut off and resumed counts once, what is fetched again counts again. */
const TIMES = [1, 4, 20, 100];

/** One file of one release. */
export interface LinkTarget {
	platform: string;
	version: string;
	artifact: string;
	size: number;
}

interface NewLinkProps {
	/** The file when it is known already; else the person chooses. */
	target?: LinkTarget;
	/** The platform to begin with. */
	platform?: string;
	onClose: () => void;
	onDone: () => void;
}

export function NewLinkDialog({ target, platform, onClose, onDone }: NewLinkProps) {
	const [chosen, setChosen] = useState<LinkTarget | null>(target ?? null);
	const [expires, setExpires] = useState("3600");
	const [times, setTimes] = useState("4");
	const [made, setMade] = useState<{ link: DownloadLink; url: string } | null>(null);
	const form = useSubmit(async () => {
		if (chosen === null) return;
		const answer = await linkCreate(chosen.platform, chosen.version, chosen.artifact, {
			expires_in_s: Number(expires),
			byte_budget: Number(times) * chosen.size,
		});
		setMade(answer);
		onDone();
	}, ["/expires_in_s", "/byte_budget"]);
	if (made) return <LinkMade {...made} onClose={onClose} />;
	const budgets = TIMES.map((n) => ({
		value: String(n),
		label: `${n === 1 ? "once" : `${n} times`}${chosen ? ` · ${bytes(n * chosen.size)}` : ""}`,
	}));
	return (
		<FormDialog
			title="New download link"
			form={form}
			action="Make link"
			denied={chosen ? "" : "Choose a file first"}
			onClose={onClose}
		>
			{target ? (
				<p>
					<strong class="wrap">{target.artifact}</strong>{" "}
					<span class="muted">
						of {target.platform} {target.version}, {bytes(target.size)}
					</span>
				</p>
			) : (
				<ChooseFile platform={platform ?? ""} value={chosen} onChange={setChosen} />
			)}
			<div class="form-two">
				<SelectField
					label="Ends"
					value={expires}
					options={EXPIRY}
					onChange={setExpires}
					error={form.errorAt("/expires_in_s")}
				/>
				<SelectField
					label="Enough for the file"
					value={times}
					options={budgets}
					onChange={setTimes}
					error={form.errorAt("/byte_budget")}
				/>
			</div>
			<p class="consequence">
				Whoever has the address can download this one file, without signing in. Each use is in the download log. It
				stops working when you lose the right to read the release.
			</p>
		</FormDialog>
	);
}

interface ChooseProps {
	platform: string;
	value: LinkTarget | null;
	onChange: (target: LinkTarget | null) => void;
}

function ChooseFile({ platform: first, value, onChange }: ChooseProps) {
	const platforms = usePlatforms();
	const [platform, setPlatform] = useState(first);
	const [version, setVersion] = useState("");
	const owner = platform || platforms.data?.[0]?.name || "";
	const releases = useLoad(`link ${owner}`, async (signal) => {
		if (owner === "") return [];
		const usable = (await releaseList(owner, signal)).filter((r) => r.state === "complete" || r.state === "released");
		choose(usable, "");
		return usable;
	});
	const choose = (list: Release[], wanted: string) => {
		const release = list.find((r) => r.version === wanted) ?? list[0];
		const file = release?.artifacts[0];
		setVersion(release?.version ?? "");
		onChange(release && file ? targetOf(release, file.name) : null);
	};
	const list = releases.data ?? [];
	const release = list.find((r) => r.version === version);
	if (platforms.data === null) return platforms.problem ? <ProblemNotice problem={platforms.problem} /> : <Loading />;
	return (
		<>
			<ProblemNotice problem={releases.problem} onRetry={releases.reload} />
			<div class="form-two">
				<SelectField
					label="Platform"
					value={owner}
					options={platforms.data.map((p) => ({ value: p.name, label: p.name }))}
					onChange={setPlatform}
				/>
				<SelectField
					label="Release"
					value={version}
					options={list.map((r) => ({ value: r.version, label: `${r.version} · ${r.channel ?? r.state}` }))}
					onChange={(wanted) => choose(list, wanted)}
					hint={releases.data && list.length === 0 ? "This platform has no complete release" : undefined}
				/>
			</div>
			<SelectField
				label="File"
				value={value?.artifact ?? ""}
				options={(release?.artifacts ?? []).map((a) => ({ value: a.name, label: `${a.name} · ${bytes(a.size)}` }))}
				onChange={(name) => release && onChange(targetOf(release, name))}
			/>
		</>
	);
}

function targetOf(release: Release, artifact: string): LinkTarget {
	const size = release.artifacts.find((a) => a.name === artifact)?.size ?? 0;
	return { platform: release.platform, version: release.version, artifact, size };
}

/** The only time that the address is shown: closed on purpose only. */
function LinkMade({ link, url, onClose }: { link: DownloadLink; url: string; onClose: () => void }) {
	return (
		<OnceDialog title="Your download link" done="I have copied it" onClose={onClose}>
			<p>
				Copy it now: <strong>it cannot be shown again</strong>. It ends <Time at={link.expires_at} focusable />, or when{" "}
				{bytes(link.byte_budget)} have been sent.
			</p>
			<Secret text={url} label="link" />
			<div class="stack">
				<p class="muted small">On the command line; run it again to resume what was cut off</p>
				<Command text={`curl --fail --remote-name --continue-at - ${url}`} />
			</div>
		</OnceDialog>
	);
}

interface RevokeProps {
	link: DownloadLink;
	onClose: () => void;
	onDone: () => void;
}

export function RevokeLinkDialog({ link, onClose, onDone }: RevokeProps) {
	const revoke = async () => {
		await linkRevoke(link.id);
		toast(`The link to ${link.artifact} is revoked`);
		onDone();
		onClose();
	};
	return (
		<Confirm
			title={`Revoke the link to ${link.artifact}?`}
			action="Revoke link"
			danger
			onConfirm={revoke}
			onClose={onClose}
		>
			<p>
				Whoever has its address <strong>gets nothing from now on</strong>. What was downloaded stays where it is.
			</p>
		</Confirm>
	);
}
