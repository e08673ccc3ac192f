import { updatePage } from "../api/client.ts";
import { instants } from "../api/records.ts";
import type { Update } from "../api/types.ts";
import { isClosed } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { updatesIn } from "../api/useLoad.ts";
import { type Paged, usePaged } from "../api/usePaged.ts";
import { api, page, type UpdateFilter } from "../paths.ts";
import type { Filter } from "../routes.ts";
import { Link } from "../ui/button.tsx";
import { Empty } from "../ui/feedback.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time, useNow } from "../ui/time.tsx";
import { patchBy } from "../util/list.ts";
import { duration } from "../util/time.ts";
import { Exports, FilterBar, platformOptions } from "./parts/filters.tsx";
import { More } from "./parts/more.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Paging, Ready } from "./parts/state.tsx";
import { UPDATE_STATES, UpdateEnded, updateStateWord } from "./parts/states.tsx";
import { UpdateTable, useUpdates, Versions } from "./parts/updates.tsx";

type SessionFilter = Filter<UpdateFilter, "open">;

/** All attempts under a filter, patched in place; those begun since come with the next question. */
function useSessions(filter: SessionFilter): Paged<Update> {
	const list = usePaged(page.updates(filter), (after, signal) => updatePage(instants(filter), after, signal));
	useLive((events) => {
		const changes = updatesIn(events);
		if (changes.length > 0) list.change((items) => patchBy(items, changes, (u) => u.id).items);
	});
	return list;
}

export function UpdatesPage({ filter }: { filter: SessionFilter }) {
	const open = useUpdates({ open: true, platform: filter.platform });
	const list = useSessions(filter);
	const platforms = usePlatforms();
	const running = open.list.data?.filter((u) => !isClosed(u)).length ?? 0;
	const file = (format: "csv" | "jsonl") => api.updates({ ...instants(filter), format });
	const filtered = Object.values(filter).some((v) => v !== "");
	return (
		<>
			<PageHead
				title="Updates"
				beside={
					<span class="muted" role="status">
						{open.list.data === null ? "" : `${running} in progress`}
					</span>
				}
				actions={<Exports csv={file("csv")} jsonl={file("jsonl")} />}
			/>
			<FilterBar
				value={filter}
				path={page.updates}
				fields={[
					{ name: "device", label: "Device id", kind: "text" },
					{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) },
					{ name: "version", label: "To version", kind: "text" },
					{
						name: "state",
						label: "State",
						kind: [
							{ value: "", label: "Any state" },
							...UPDATE_STATES.map((value) => ({ value, label: updateStateWord(value) })),
						],
					},
					{ name: "from", label: "From", kind: "day" },
					{ name: "to", label: "To", kind: "day" },
				]}
			/>
			{filtered && !onlyPlatform(filter) ? null : (
				<Panel title="In progress" flush>
					<Ready of={open.list}>
						{(rows) =>
							rows.length > 0 ? (
								<UpdateTable label="Updates in progress" updates={rows} live={open} cancellable />
							) : (
								<p class="quiet-line">Nothing is being updated right now.</p>
							)
						}
					</Ready>
				</Panel>
			)}
			<Panel title={filtered ? "Sessions that match" : "All sessions"} flush>
				<Paging of={list}>
					{list.items.length > 0 ? (
						<Table label="Update sessions" rows={list.items} columns={COLUMNS} rowKey={(u) => String(u.id)} />
					) : (
						<NoSessions filtered={filtered} />
					)}
				</Paging>
			</Panel>
			<More of={list} />
		</>
	);
}

function onlyPlatform(filter: SessionFilter): boolean {
	return Object.entries(filter).every(([name, value]) => name === "platform" || value === "");
}

const COLUMNS: Column<Update>[] = [
	{ key: "device", label: "Device", cell: (u) => <SessionName update={u} />, width: "20%" },
	{ key: "versions", label: "Versions", cell: (u) => <Versions update={u} />, from: 2, width: "136px" },
	{ key: "state", label: "Result", cell: (u) => <UpdateEnded update={u} /> },
	{ key: "platform", label: "Platform", cell: (u) => u.platform ?? "–", from: 4, width: "12%" },
	{ key: "lasted", label: "Duration", cell: (u) => <Lasted update={u} />, from: 3, width: "104px", align: "right" },
	{ key: "began", label: "Begun", cell: (u) => <Time at={u.created_at} />, from: 2, width: "96px", open: true },
	{ key: "by", label: "By", cell: (u) => <By update={u} />, from: 4, width: "13%" },
];

function SessionName({ update: u }: { update: Update }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.device(u.device)}>
				{u.device}
			</Link>
			<span class="name-narrow">
				<Versions update={u} />
			</span>
		</span>
	);
}

/** How long it took, or takes so far. */
function Lasted({ update: u }: { update: Update }) {
	const now = useNow();
	if (u.duration_s !== null) return <>{duration(u.duration_s)}</>;
	if (!u.started_at) return <span class="muted">{isClosed(u) ? "–" : "not begun"}</span>;
	if (isClosed(u)) return <span class="muted">–</span>;
	return (
		<span class="muted">
			{duration((now - Date.parse(u.started_at)) / 1000)}
			<span class="sr"> so far</span>
		</span>
	);
}

function By({ update: u }: { update: Update }) {
	return (
		<span class="cut" title={u.source === "plain" ? `session ${u.id}, told over the plain door` : `session ${u.id}`}>
			{u.created_by}
			{u.source === "plain" ? <span class="tag plain-tag">plain</span> : null}
		</span>
	);
}

function NoSessions({ filtered }: { filtered: boolean }) {
	if (filtered) {
		return (
			<Empty icon="search" title="No session matches" action={<Link href={page.updates()}>Show all sessions</Link>}>
				<p>Another state or a longer time may find one.</p>
			</Empty>
		);
	}
	return (
		<Empty
			icon="cycle"
			title="No update has begun yet"
			action={<Link href={page.devices()}>Choose devices to update</Link>}
		>
			<p>Choose devices, then assign a release; or let a platform follow its channel.</p>
		</Empty>
	);
}
