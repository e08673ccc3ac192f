import { DOWNLOAD_WAYS, type Download, downloadPage, instants } from "../api/records.ts";
import { usePaged } from "../api/usePaged.ts";
import type { DownloadFilter } from "../paths.ts";
import { api, page } from "../paths.ts";
import type { Filter } from "../routes.ts";
import { Link } from "../ui/button.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Mark } from "../ui/mark.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { duration } from "../util/time.ts";
import { Exports, FilterBar, platformOptions } from "./parts/filters.tsx";
import { More } from "./parts/more.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Paging } from "./parts/state.tsx";

const WAYS: Record<Download["via"], string> = {
	link: "Download link",
	session: "Signed in",
	key: "API key",
	plain: "Plain door",
	esp: "ESP door",
	github: "GitHub door",
};

const COLUMNS: Column<Download>[] = [
	{ key: "who", label: "Who", cell: (d) => <Who download={d} />, width: "20%" },
	{ key: "what", label: "What", cell: (d) => <What download={d} /> },
	{ key: "bytes", label: "Sent", cell: (d) => <Sent download={d} />, from: 2, width: "96px", align: "right" },
	{ key: "status", label: "Answer", cell: (d) => <Status status={d.status} />, from: 3, width: "104px" },
	{ key: "address", label: "Address", cell: (d) => <code>{d.address}</code>, from: 4, width: "17%" },
	{ key: "at", label: "When", cell: (d) => <Time at={d.at} />, width: "104px", open: true },
];

function Who({ download: d }: { download: Download }) {
	return (
		<span class="two-lines">
			<strong class="cut">{d.who}</strong>
			<span class="muted small cut">
				{WAYS[d.via] ?? d.via}
				{d.link_id === null ? "" : ` ${d.link_id}`}
			</span>
		</span>
	);
}

function What({ download: d }: { download: Download }) {
	return (
		<span class="two-lines">
			<span class="cut">{d.artifact}</span>
			<span class="small cut">
				<Link href={page.release(d.platform, d.version)}>
					{d.platform} {d.version}
				</Link>
			</span>
		</span>
	);
}

/** How much, and on the second line how fast: what was cut off or crawled is seen at once. */
function Sent({ download: d }: { download: Download }) {
	return (
		<span class="two-lines">
			<span>{bytes(d.bytes)}</span>
			<span class="muted small">in {shortTime(d.duration_ms)}</span>
		</span>
	);
}

function shortTime(ms: number): string {
	return ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

function Status({ status }: { status: number }) {
	if (status === 200)
		return (
			<Mark shape="check" tone="ok">
				Whole
			</Mark>
		);
	if (status === 206)
		return (
			<Mark shape="half" tone="accent">
				Part
			</Mark>
		);
	return (
		<Mark shape={status >= 400 ? "cross" : "ring"} tone={status >= 400 ? "bad" : "idle"}>
			{status}
		</Mark>
	);
}

export function DownloadsPage({ filter }: { filter: Filter<DownloadFilter> }) {
	const list = usePaged(page.downloads(filter), (after, signal) => downloadPage(filter, after, signal));
	const platforms = usePlatforms();
	const file = (format: "csv" | "jsonl") => api.downloads({ ...instants(filter), format });
	const filtered = Object.values(filter).some((v) => v !== "");
	return (
		<>
			<PageHead
				title="Downloads"
				beside={<span class="muted">who got which file</span>}
				actions={<Exports csv={file("csv")} jsonl={file("jsonl")} />}
			/>
			<FilterBar
				value={filter}
				path={page.downloads}
				fields={[
					{ name: "user", label: "Who", kind: "text" },
					{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) },
					{ name: "version", label: "Version", kind: "text" },
					{
						name: "via",
						label: "Way",
						kind: [{ value: "", label: "Any way" }, ...DOWNLOAD_WAYS.map((w) => ({ value: w, label: WAYS[w] }))],
					},
					{ name: "from", label: "From", kind: "day" },
					{ name: "to", label: "To", kind: "day" },
				]}
			/>
			<Paging of={list}>
				{list.items.length > 0 ? (
					<Table label="Downloads" rows={list.items} columns={COLUMNS} rowKey={(d) => String(d.id)} />
				) : filtered ? (
					<Empty
						icon="search"
						title="No download matches"
						action={<Link href={page.downloads()}>Show all downloads</Link>}
					/>
				) : (
					<Empty icon="download" title="Nothing was downloaded yet">
						<p>Every file that leaves otad is noted here: who, by which way, how much of it, and from where.</p>
					</Empty>
				)}
			</Paging>
			<More of={list} />
		</>
	);
}
