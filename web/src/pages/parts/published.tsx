import type { ComponentChildren } from "preact";
import { useMay } from "../../api/session.ts";
import { type OnlineKey, type PublishedFile, publishedGet, type Repository } from "../../api/tuf.ts";
import { useLoad } from "../../api/useLoad.ts";
import { ProblemNotice } from "../../forms/problem.tsx";
import { page } from "../../paths.ts";
import { Link } from "../../ui/button.tsx";
import { Command, Value } from "../../ui/copy.tsx";
import { Notice } from "../../ui/feedback.tsx";
import { Switch } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mark, type Shape, type Tone } from "../../ui/mark.tsx";
import { Panel } from "../../ui/page.tsx";
import { Time, useNow } from "../../ui/time.tsx";
import { renewCommand } from "../../util/commands.ts";
import { lasting, type Signers, shortKey, signersByRole } from "../../util/metadata.ts";

/** What is published: role by role what it is for, who has signed it, who must sign the next, and until when it counts. */

export const KEY_SHOWN = 16;

const LASTING: Record<ReturnType<typeof lasting>, { shape: Shape; tone: Tone; word: string }> = {
	past: { shape: "cross", tone: "bad", word: "Expired" },
	near: { shape: "clock", tone: "warn", word: "Expires" },
	good: { shape: "check", tone: "ok", word: "Expires" },
};

export function Expiry({ file }: { file: { role: string; expires: string } }) {
	const { word, ...look } = LASTING[lasting(file.role, file.expires, useNow())];
	return (
		<Mark {...look}>
			{word} <Time at={file.expires} focusable />
		</Mark>
	);
}

/** What a role is for, in the words of those who sign it. */
function purpose(role: string): string {
	switch (role) {
		case "root":
			return "Names who may sign all the others.";
		case "targets":
			return "Names the managers who release for this platform.";
		case "snapshot":
			return "Holds the versions of the others together.";
		case "timestamp":
			return "Says which snapshot is the newest.";
		default:
			return "Lists the releases that devices may take.";
	}
}

interface Props {
	repository: Repository;
	/** Beside the heading: what can be done here. */
	actions: ComponentChildren;
}

export function PublishedPanel({ repository: r, actions }: Props) {
	const files = r.roles.filter((f) => f.role !== "snapshot" && f.role !== "timestamp");
	const signers = useLoad(`${r.platform} ${files.map((f) => f.file).join(" ")}`, async (signal) => {
		const documents = await Promise.all(files.map((f) => publishedGet(r, f.file, signal)));
		return signersByRole(new Map(documents.map((d, i) => [files[i]?.role ?? "", d])));
	});
	return (
		<Panel
			title={
				<>
					<Link href={page.platform(r.platform)}>{r.platform}</Link>: published
				</>
			}
			flush
			beside={actions}
		>
			<ProblemNotice problem={signers.problem} onRetry={signers.reload} />
			{r.roles.length > 0 ? (
				<ul class="roles" aria-label={`Published metadata of ${r.platform}`}>
					{r.roles.map((f) => (
						<RoleItem key={f.role} repository={r} file={f} signers={signers.data?.get(f.role) ?? null} />
					))}
				</ul>
			) : (
				<p class="quiet-line">Nothing is published yet.</p>
			)}
		</Panel>
	);
}

interface RoleProps {
	repository: Repository;
	file: PublishedFile;
	/** Null until they are known. */
	signers: Signers | null;
}

function RoleItem({ repository: r, file: f, signers }: RoleProps) {
	const left = lasting(f.role, f.expires, useNow());
	const online = f.role === "snapshot" || f.role === "timestamp";
	return (
		<li data-role={f.role}>
			<div class="role-what">
				<strong>{f.role}</strong> <span class="muted">version {f.version}</span>
				<p class="muted small">{purpose(f.role)}</p>
			</div>
			<p class="role-signed">
				{online ? (
					<span class="muted">Signed and renewed by this server</span>
				) : signers === null ? (
					<span class="muted">…</span>
				) : (
					<SignedBy signers={signers} />
				)}
			</p>
			<div class="role-until">
				<Expiry file={f} />
				<span class="muted small">
					published <Time at={f.published_at} focusable />
				</span>
			</div>
			{left === "past" && online ? (
				<Notice tone="bad" title={`Devices of ${r.platform} take no update`}>
					This server should have renewed it long ago: its log says why it did not.
				</Notice>
			) : null}
			{left === "good" || online ? null : <Renew repository={r} file={f} past={left === "past"} signers={signers} />}
		</li>
	);
}

/** What managers do before devices go stale, or when they are. */
function Renew({ repository: r, file: f, past, signers }: RoleProps & { past: boolean }) {
	const manages = useMay("release.manage", r.platform);
	const next = r.pending.find((w) => w.role === f.role);
	const who = signers ? `${signers.threshold} of its keys must sign` : "Its managers sign";
	return (
		<Notice
			tone={past ? "bad" : "warn"}
			title={past ? `Devices of ${r.platform} take no update` : "To be signed anew soon"}
		>
			<div class="stack">
				{past ? <p>They run on and say that they are stale.</p> : null}
				{next ? (
					<p>
						{next.file} waits here for {next.missing > 0 ? "its signatures" : "its counterpart"}, and ends this.
					</p>
				) : (
					<>
						<p>{who} a new version, each manager on their own machine:</p>
						{manages ? <Command text={renewCommand(location.origin, f.role)} /> : null}
					</>
				)}
			</div>
		</Notice>
	);
}

/** "2 of 2 needed signed: 55579b55, 6700869c; 8813d406 need not". */
function SignedBy({ signers: s }: { signers: Signers }) {
	const others = s.keys.filter((id) => !s.signed_by.includes(id));
	return (
		<>
			{s.signed_by.length} of {s.threshold} needed signed: <Keys ids={s.signed_by} />
			{others.length > 0 ? (
				<span class="muted">
					; may sign too: <Keys ids={others} />
				</span>
			) : null}
		</>
	);
}

function Keys({ ids }: { ids: string[] }) {
	return (
		<>
			{ids.map((id, i) => (
				<span key={id}>
					{i > 0 ? ", " : ""}
					<code title={id}>{shortKey(id)}</code>
				</span>
			))}
		</>
	);
}

// ---------------------------------------------------------------- what the server itself does

interface ServerProps {
	repository: Repository;
	onPublic: () => void;
}

/** What this server signs with, and to whom it gives the files. */
export function ServerPanel({ repository: r, onPublic }: ServerProps) {
	const changes = useMay("platform.manage", r.platform);
	const hint = r.public_targets
		? "Anybody may download what the signed list names, without signing in."
		: "A download takes a session, an API key or the device's own token.";
	return (
		<Panel title={`${r.platform}: this server`}>
			<div class="stack">
				{changes ? (
					<Switch label="Listed files are public" hint={hint} on={r.public_targets} onAsk={onPublic} />
				) : (
					<p>{hint}</p>
				)}
				<OnlineKeys keys={r.online_keys} />
			</div>
		</Panel>
	);
}

function OnlineKeys({ keys }: { keys: OnlineKey[] }) {
	return (
		<ul class="keys">
			{keys.map((k) => (
				<li key={`${k.role} ${k.keyid}`}>
					<Icon name="key" />
					<span class="keys-what">{k.role}</span>
					<Value text={k.keyid} label={`key id of ${k.role}`} short={KEY_SHOWN} />
					<Mark shape={k.used ? "disc" : "ring"} tone={k.used ? "ok" : "idle"}>
						{k.used ? "Named by root" : "Not named by root"}
					</Mark>
				</li>
			))}
		</ul>
	);
}
