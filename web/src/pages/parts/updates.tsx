import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { updateCancel, updatePage } from "../../api/client.ts";
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
import { count, patchBy } from "../../util/list.ts";
import { UpdateProgress } from "./states.tsx";

interface LiveUpdates {
	list: Loaded<Update[]>;
	/** Begun since the list was loaded; shown on request or at once when nobody points at the list. */
	fresh: Update[];
	showFresh: () => void;
	box: RefObject<HTMLDivElement | null>;
}

const bySeniority = (a: Update, b: Update) => b.id - a.id;

/** Updates, newest first, patched in place; a row never moves while the pointer or the focus is in the list. */
export function useUpdates(filter: { open?: boolean; platform?: string }): LiveUpdates {
	const box = useRef<HTMLDivElement>(null);
	const [fresh, setFresh] = useState<Update[]>([]);
	const list = useLoad(
		`updates ${page.updates({ platform: filter.platform ?? "" })} ${filter.open ?? ""}`,
		async (signal) => {
			const loaded = await updatePage(filter, null, signal);
			setFresh([]);
			return loaded.items.sort(bySeniority);
		},
	);
	useLive((events) => {
		const changes = updatesIn(events).filter((u) => !filter.platform || u.platform === filter.platform);
		if (changes.length === 0 || list.data === null) return;
		const shown = patchBy(list.data, changes, (u) => u.id);
		const waiting = patchBy(fresh, shown.strangers, (u) => u.id);
		const arrived = [...waiting.items, ...waiting.strangers.filter((u) => !filter.open || !isClosed(u))];
		const attended = box.current?.matches(":hover, :focus-within") ?? false;
		list.change((data) => {
			const patched = patchBy(data, changes, (u) => u.id).items;
			return attended ? patched : [...arrived, ...patched].sort(bySeniority);
		});
		setFresh(attended ? arrived : []);
	});
	const showFresh = () => {
		list.change((data) => [...fresh, ...data].sort(bySeniority));
		setFresh([]);
	};
	return { list, fresh, showFresh, box };
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
