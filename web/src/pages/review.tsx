import type { ComponentChildren } from "preact";
import { platformList } from "../api/client.ts";
import {
	type OnlineKey,
	type PublishedFile,
	publishedGet,
	type Repository,
	repositoryGet,
	type WaitingFile,
	waitingGet,
} from "../api/tuf.ts";
import { useLoad } from "../api/useLoad.ts";
import { api, page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Icon } from "../ui/icon.tsx";
import { Mark, type Shape, type Tone } from "../ui/mark.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time, useNow } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { cosignCommand } from "../util/commands.ts";
import { count } from "../util/list.ts";
import { changesBetween, lasting, type Sign } from "../util/metadata.ts";
import { FilterBar, platformOptions } from "./parts/filters.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Ready } from "./parts/state.tsx";

const KEY_SHOWN = 16;

async function repositories(platform: string, signal: AbortSignal): Promise<Repository[]> {
	const names = platform === "" ? (await platformList(signal)).map((p) => p.name) : [platform];
	const list = await Promise.all(names.map((name) => repositoryGet(name, signal)));
	return list.sort((a, b) => b.pending.length - a.pending.length);
}

/** What waits for signatures and what is published, platform by platform; those where something waits come first. */
export function ReviewPage({ platform }: { platform: string }) {
	const list = useLoad(page.review({ platform }), (signal) => repositories(platform, signal));
	const platforms = usePlatforms();
	return (
		<>
			<PageHead
				title="Review"
				actions={
					<Button icon="cycle" busy={list.loading && list.data !== null} onClick={list.reload}>
						Look again
					</Button>
				}
			/>
			<FilterBar
				value={{ platform }}
				path={page.review}
				fields={[{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) }]}
			/>
			<Ready of={list} rows={6}>
				{(all) => (
					<div class="stack loose">
						{all.filter(isKept).map((r) => (
							<PlatformSection key={r.platform} repository={r} />
						))}
						<Unprotected names={all.filter((r) => !isKept(r)).map((r) => r.platform)} any={all.length > 0} />
					</div>
				)}
			</Ready>
		</>
	);
}

const isKept = (r: Repository) => r.protected || r.pending.length > 0;

function Unprotected({ names, any }: { names: string[]; any: boolean }) {
	if (!any)
		return <Empty icon="shield" title="No platform yet" action={<Link href={page.platforms()}>Platforms</Link>} />;
	if (names.length === 0) return null;
	return (
		<Panel title="Without signed metadata">
			<p class="muted">
				Who may release here decides alone what goes out. <code>signer repo init</code> begins a repository whose
				managers sign every release.
			</p>
			<p class="row">
				{names.map((name) => (
					<Link key={name} href={page.platform(name)}>
						{name}
					</Link>
				))}
			</p>
		</Panel>
	);
}

function PlatformSection({ repository: r }: { repository: Repository }) {
	return (
		<section class="stack loose" aria-label={r.platform}>
			{r.pending.map((w) => (
				<WaitingPanel key={w.id} repository={r} waiting={w} />
			))}
			<Panel
				title={`${r.platform}: published`}
				flush
				beside={
					<Link class="small" href={page.platform(r.platform)}>
						Platform
					</Link>
				}
			>
				{r.roles.length > 0 ? (
					<Table
						label={`Published metadata of ${r.platform}`}
						rows={r.roles}
						columns={COLUMNS}
						rowKey={(f) => f.role}
					/>
				) : (
					<p class="quiet-line">Nothing is published yet.</p>
				)}
			</Panel>
			<OnlineKeys keys={r.online_keys} platform={r.platform} />
		</section>
	);
}

// ---------------------------------------------------------------- what stands

const COLUMNS: Column<PublishedFile>[] = [
	{ key: "role", label: "Role", cell: (f) => <strong class="cut">{f.role}</strong> },
	{ key: "version", label: "Version", cell: (f) => f.version, align: "right", width: "84px" },
	{ key: "expires", label: "Expires", cell: (f) => <Expiry file={f} />, width: "152px", open: true },
	{ key: "size", label: "Size", cell: (f) => bytes(f.size), from: 3, align: "right", width: "96px" },
	{ key: "at", label: "Published", cell: (f) => <Time at={f.published_at} />, from: 2, width: "120px", open: true },
	{ key: "by", label: "By", cell: (f) => f.published_by, from: 3, width: "14%" },
];

const LASTING: Record<ReturnType<typeof lasting>, { shape: Shape; tone: Tone }> = {
	past: { shape: "cross", tone: "bad" },
	near: { shape: "clock", tone: "warn" },
	good: { shape: "check", tone: "ok" },
};

function Expiry({ file }: { file: { role: string; expires: string } }) {
	const left = lasting(file.role, file.expires, useNow());
	return (
		<Mark {...LASTING[left]}>
			{left === "past" ? "Expired " : ""}
			<Time at={file.expires} />
		</Mark>
	);
}

function OnlineKeys({ keys, platform }: { keys: OnlineKey[]; platform: string }) {
	return (
		<Panel title={`${platform}: keys of this server`}>
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
		</Panel>
	);
}

// ---------------------------------------------------------------- what waits

const WAITS_FOR: Record<WaitingFile["waits_for"], string> = {
	signatures: "Waits for signatures",
	targets: "Waits for new targets",
	role: "Waits for the platform's new list",
};

function WaitingPanel({ repository, waiting: w }: { repository: Repository; waiting: WaitingFile }) {
	const { platform } = repository;
	const state = w.missing > 0 ? `${count(w.missing, "signature")} missing` : WAITS_FOR[w.waits_for];
	return (
		<Panel
			title={`${platform}: ${w.file}`}
			beside={
				<Mark shape="half" tone="warn">
					{state}
				</Mark>
			}
		>
			<div class="stack loose">
				<Facts
					facts={[
						{ label: "Role", value: w.role },
						{ label: "Version", value: w.version },
						{ label: "Expires", value: <Expiry file={w} /> },
						{
							label: "Sent",
							value: (
								<>
									<Time at={w.submitted_at} focusable /> by {w.submitted_by}
								</>
							),
						},
					]}
				/>
				<Part title="What it changes">
					<Changes repository={repository} waiting={w} />
				</Part>
				<Part title={`Signatures: ${w.signed_by.length} of ${w.threshold} needed`}>
					<ul class="keys">
						{w.keys.map((id) => (
							<Signer key={id} id={id} has={w.signed_by.includes(id)} />
						))}
					</ul>
				</Part>
				{w.missing > 0 ? (
					<Part title="Sign it, on a manager's own machine">
						<p>
							<a class="button" href={api.tufWaiting(platform, w.id)} download={w.file}>
								<Icon name="download" />
								Save {w.file}
							</a>
						</p>
						<Command text={cosignCommand(location.origin, w.file)} />
					</Part>
				) : null}
			</div>
		</Panel>
	);
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
	return (
		<div class="stack">
			<h3>{title}</h3>
			{children}
		</div>
	);
}

function Signer({ id, has }: { id: string; has: boolean }) {
	return (
		<li>
			<Icon name="key" />
			<Value text={id} label={`key id ${id.slice(0, KEY_SHOWN)}`} short={KEY_SHOWN} />
			<Mark shape={has ? "check" : "ring"} tone={has ? "ok" : "idle"}>
				{has ? "Signed" : "Not yet"}
			</Mark>
		</li>
	);
}

const SIGNS: Record<Sign, { shape: Shape; tone: Tone; word: string }> = {
	added: { shape: "into", tone: "ok", word: "Added" },
	removed: { shape: "stop", tone: "bad", word: "Removed" },
	changed: { shape: "turn", tone: "accent", word: "Changed" },
};

/** The waiting file against the one that stands. */
function Changes({ repository: r, waiting: w }: { repository: Repository; waiting: WaitingFile }) {
	const stands = r.roles.find((f) => f.role === w.role);
	const changes = useLoad(`${w.id} ${stands?.file ?? ""}`, async (signal) => {
		const [before, after] = await Promise.all([
			stands ? publishedGet(r.platform, stands.file, signal) : null,
			waitingGet(r.platform, w.id, signal),
		]);
		return changesBetween(before?.signed ?? null, after.signed);
	});
	return (
		<Ready of={changes} rows={1}>
			{(list) =>
				list.length > 0 ? (
					<ul class="keys" aria-label={`What ${w.file} changes`}>
						{list.map((c) => (
							<li key={`${c.sign} ${c.text}`}>
								<Mark shape={SIGNS[c.sign].shape} tone={SIGNS[c.sign].tone}>
									{SIGNS[c.sign].word}
								</Mark>
								<span class="wrap">{c.text}</span>
							</li>
						))}
					</ul>
				) : (
					<p class="muted">Nothing but its version and expiry.</p>
				)
			}
		</Ready>
	);
}
