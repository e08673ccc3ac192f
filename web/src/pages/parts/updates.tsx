import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { updateCancel, updateGet, updatePage } from "../../api/client.ts";
import { useDenied } from "../../api/session.ts";
import type { Update } from "../../api/types.ts";
import { isClosed } from "../../api/types.ts";
import { useLive } from "../../api/useLive.ts";
import { type Loaded, updatesIn, useLoad } from "../../api/useLoad.ts";
import { Confirm } from "../../forms/confirm.tsx";
import { page } from "../../paths.ts";
import { Button, Link } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";
import { count, mapPool, patchBy, uniqueBy } from "../../util/list.ts";
import { UpdateProgress } from "./states.tsx";

interface LiveUpdates {
	list: Loaded<Update[]>;
	/** Begun since the list was loaded; shown on request or at once when nobody points at the list. */
	fresh: Update[];
	showFresh: () => void;
	box: RefObject<HTMLDivElement | null>;
}

export interface Shown {
	rows: Update[];
	fresh: Update[];
}

const bySeniority = (a: Update, b: Update) => b.id - a.id;
const idOf = (u: Update) => u.id;
const withFresh = ({ rows, fresh }: Shown): Shown => ({
	rows: uniqueBy([...fresh, ...rows], idOf).sort(bySeniority),
	fresh: [],
});

/** What changed, laid over what is shown. While the list is attended no row moves, so new ones wait. */
export function withChanges(shown: Shown, changes: Update[], attended: boolean, openOnly: boolean): Shown {
	const { items: rows, strangers } = patchBy(shown.rows, changes, idOf);
	const waiting = patchBy(shown.fresh, strangers, idOf);
	const arrived = waiting.strangers.filter((u) => !openOnly || !isClosed(u));
	const next = { rows, fresh: [...arrived, ...waiting.items] };
	return attended ? next : withFresh(next);
}

/** The answer to a repeated request; while the list is attended its rows keep their places. */
export function withAnswer(shown: Shown, answer: Update[], attended: boolean): Shown {
	if (!attended) return { rows: answer, fresh: [] };
	const left = new Set(answer.map(idOf));
	const { items, strangers } = patchBy(shown.rows, answer, idOf);
	return { rows: items.filter((u) => left.has(u.id)), fresh: strangers.filter((u) => !isClosed(u)) };
}

const ENDED_AT_ONCE = 4;

/** How those ended that an answer no longer has; what cannot be told is left out. */
async function endingsOf(rows: Update[], answer: Update[], signal: AbortSignal): Promise<Update[]> {
	const known = new Set(answer.map(idOf));
	const gone = rows.filter((u) => !known.has(u.id));
	const ends = await mapPool(gone, ENDED_AT_ONCE, (u) => updateGet(u.id, signal).catch(() => null));
	return ends.filter((u) => u !== null);
}

/** Updates, newest first, patched in place; a row never moves while the pointer or the focus is in the list. */
export function useUpdates(filter: { open?: boolean; platform?: string }): LiveUpdates {
	const box = useRef<HTMLDivElement>(null);
	const isAttended = () => box.current?.matches(":hover, :focus-within") ?? false;
	const rows = useRef<Update[]>([]);
	const key = `updates ${page.updates({ platform: filter.platform ?? "" })} ${filter.open ?? ""}`;
	const list = useLoad<Shown>(
		key,
		async (signal) => {
			const { items } = await updatePage(filter, null, signal);
			const ended = isAttended() ? await endingsOf(rows.current, items, signal) : [];
			return { rows: [...items, ...ended].sort(bySeniority), fresh: [] };
		},
		(shown, answer) => withAnswer(shown, answer.rows, isAttended()),
	);
	rows.current = list.data?.rows ?? [];
	useLive((events) => {
		const changes = updatesIn(events).filter((u) => !filter.platform || u.platform === filter.platform);
		if (changes.length === 0) return;
		const attended = isAttended();
		list.change((shown) => withChanges(shown, changes, attended, filter.open ?? false));
	});
	return {
		list: { ...list, data: list.data?.rows ?? null, change: (f) => list.change((s) => ({ ...s, rows: f(s.rows) })) },
		fresh: list.data?.fresh ?? [],
		showFresh: () => list.change(withFresh),
		box,
	};
}

interface UpdateTableProps {
	label: string;
	updates: Update[];
	live: Pick<LiveUpdates, "fresh" | "showFresh" | "box">;
	cancellable?: boolean;
}

export function UpdateTable({ label, updates, live, cancellable = false }: UpdateTableProps) {
	const [asked, setAsked] = useState<Update | null>(null);
	const columns: Column<Update>[] = [
		{ key: "device", label: "Device", cell: (u) => <UpdateName update={u} />, width: "24%" },
		{ key: "versions", label: "Versions", cell: (u) => <Versions update={u} />, from: 2, width: "140px" },
		{ key: "state", label: "State", cell: (u) => <UpdateProgress update={u} /> },
		{ key: "platform", label: "Platform", cell: (u) => u.platform ?? "–", from: 4, width: "13%" },
		{ key: "since", label: "Changed", cell: (u) => <Time at={u.updated_at} />, from: 3, width: "104px", open: true },
	];
	if (cancellable) {
		const cell = (u: Update) => <CancelButton update={u} onAsk={setAsked} />;
		columns.push({ key: "cancel", label: "Actions", quiet: true, cell, from: 2, width: "92px", align: "right" });
	}
	return (
		<div ref={live.box} class="stack">
			{live.fresh.length > 0 ? (
				<Button class="pill" icon="down" onClick={live.showFresh}>
					Show {count(live.fresh.length, "new update")}
				</Button>
			) : null}
			<Table label={label} rows={updates} columns={columns} rowKey={(u) => String(u.id)} />
			{asked ? <CancelDialog update={asked} onClose={() => setAsked(null)} /> : null}
		</div>
	);
}

function UpdateName({ update }: { update: Update }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.device(update.device)}>
				{update.device}
			</Link>
			<span class="name-narrow">
				<Versions update={update} />
			</span>
		</span>
	);
}

export function Versions({ update }: { update: Pick<Update, "from_version" | "version"> }) {
	return (
		<span class="version">
			<span class="muted">{update.from_version ?? "unknown"}</span>
			<Icon name="arrow" size={12} />
			<span class="sr"> to </span>
			<strong>{update.version}</strong>
		</span>
	);
}

function CancelButton({ update, onAsk }: { update: Update; onAsk: (update: Update) => void }) {
	const denied = useDenied("device.write");
	if (isClosed(update) || update.state === "cancelling") return null;
	return (
		<Button kind="quiet" denied={denied} label={`Cancel the update of ${update.device}`} onClick={() => onAsk(update)}>
			Cancel
		</Button>
	);
}

export function CancelDialog({ update, onClose }: { update: Update; onClose: () => void }) {
	const cancel = async () => {
		await updateCancel(update.id);
		toast(`The update of ${update.device} is being cancelled`);
		onClose();
	};
	return (
		<Confirm
			title={`Cancel the update of ${update.device}?`}
			action="Cancel the update"
			danger
			onConfirm={cancel}
			onClose={onClose}
		>
			<p>
				The device is asked to stop at its next poll and stays on{" "}
				<strong>{update.from_version ?? "its version"}</strong>. If it is already installing, it may finish and run{" "}
				{update.version} all the same.
			</p>
		</Confirm>
	);
}
