import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type DownloadLink, type LinkState, linkPage } from "../api/records.ts";
import { useDenied } from "../api/session.ts";
import { usePaged } from "../api/usePaged.ts";
import { NewLinkDialog, RevokeLinkDialog } from "../forms/link.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Empty, ProgressBar } from "../ui/feedback.tsx";
import { Mark, type Shape, type Tone } from "../ui/mark.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time, useNow } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { count } from "../util/list.ts";
import { FilterBar, platformOptions } from "./parts/filters.tsx";
import { More } from "./parts/more.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Paging } from "./parts/state.tsx";

const STATES: Record<LinkState, { shape: Shape; tone: Tone; word: string }> = {
	active: { shape: "disc", tone: "ok", word: "Active" },
	expired: { shape: "clock", tone: "idle", word: "Expired" },
	revoked: { shape: "stop", tone: "idle", word: "Revoked" },
	"used-up": { shape: "into", tone: "warn", word: "Used up" },
};

interface Props {
	platform: string;
	state: string;
}

export function LinksPage(filter: Props) {
	const list = usePaged(page.links(filter), (after, signal) => linkPage(filter, after, signal));
	const platforms = usePlatforms();
	const [asked, setAsked] = useState<DownloadLink | "new" | null>(null);
	const close = () => setAsked(null);
	const denied = useDenied("link.create");
	const make = (
		<Button icon="plus" kind="primary" denied={denied} onClick={() => setAsked("new")}>
			New link
		</Button>
	);
	return (
		<>
			<PageHead title="Download links" actions={make} />
			<FilterBar
				value={filter}
				path={page.links}
				fields={[
					{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) },
					{
						name: "state",
						label: "State",
						kind: [
							{ value: "", label: "Any state" },
							...Object.entries(STATES).map(([value, s]) => ({ value, label: s.word })),
						],
					},
				]}
			/>
			<Paging of={list}>
				{list.items.length > 0 ? (
					<Table
						label="Download links"
						rows={list.items}
						columns={columns(denied, setAsked)}
						rowKey={(l) => String(l.id)}
						rowClass={(l) => (l.state === "active" ? "" : "past")}
					/>
				) : (
					<NoLinks filtered={filter.platform !== "" || filter.state !== ""} make={make} />
				)}
			</Paging>
			<More of={list} />
			{asked === "new" ? <NewLinkDialog platform={filter.platform} onClose={close} onDone={list.reload} /> : null}
			{asked !== null && asked !== "new" ? (
				<RevokeLinkDialog link={asked} onClose={close} onDone={list.reload} />
			) : null}
		</>
	);
}

function columns(denied: string, onRevoke: (link: DownloadLink) => void): Column<DownloadLink>[] {
	return [
		{ key: "file", label: "File", cell: (l) => <FileCell link={l} /> },
		{ key: "state", label: "State", cell: (l) => <LinkMark link={l} />, width: "104px" },
		{ key: "used", label: "Used", cell: (l) => <Used link={l} />, from: 2, width: "216px" },
		{ key: "ends", label: "Ends", cell: (l) => <Time at={l.expires_at} />, from: 3, width: "104px", open: true },
		{ key: "by", label: "Made by", cell: (l) => l.created_by, from: 3, width: "12%" },
		{ key: "made", label: "Made", cell: (l) => <Time at={l.created_at} />, from: 4, width: "104px", open: true },
		{
			key: "revoke",
			label: "Actions",
			quiet: true,
			cell: (l) =>
				l.state === "active" ? (
					<Button kind="quiet" denied={denied} label={`Revoke the link to ${l.artifact}`} onClick={() => onRevoke(l)}>
						Revoke
					</Button>
				) : null,
			width: "108px",
			align: "right",
		},
	];
}

function FileCell({ link: l }: { link: DownloadLink }) {
	return (
		<span class="two-lines">
			<strong class="cut">{l.artifact}</strong>
			<span class="muted small cut">
				<Link href={page.release(l.platform, l.version)}>
					{l.platform} {l.version}
				</Link>
			</span>
		</span>
	);
}

/** The server says which state it had when asked; time goes on. */
function LinkMark({ link }: { link: DownloadLink }) {
	const now = useNow();
	const over = link.state === "active" && Date.parse(link.expires_at) <= now;
	const { shape, tone, word } = STATES[over ? "expired" : link.state] ?? {
		shape: "ring" as const,
		tone: "idle" as const,
		word: link.state,
	};
	return (
		<Mark shape={shape} tone={tone}>
			{word}
		</Mark>
	);
}

function Used({ link: l }: { link: DownloadLink }) {
	const percent = Math.min(100, Math.round((l.bytes_used * 100) / Math.max(1, l.byte_budget)));
	return (
		<span class="used">
			<span class="small">
				{l.uses === 0 ? "not used yet" : count(l.uses, "use")}
				<span class="muted">
					{" · "}
					{bytes(l.bytes_used)} of {bytes(l.byte_budget)}
				</span>
			</span>
			<ProgressBar percent={percent} label={`Budget used of the link to ${l.artifact}`} />
		</span>
	);
}

function NoLinks({ filtered, make }: { filtered: boolean; make: ComponentChildren }) {
	if (filtered) {
		return <Empty icon="search" title="No link matches" action={<Link href={page.links()}>Show all links</Link>} />;
	}
	return (
		<Empty icon="link" title="No download link yet" action={make}>
			<p>
				A link lets somebody without an account download one file: it ends by itself, has a budget of bytes, and every
				use is logged.
			</p>
		</Empty>
	);
}
