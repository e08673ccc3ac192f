import { useState } from "preact/hooks";
import { useDenied } from "../api/session.ts";
import type { Device } from "../api/types.ts";
import { isClosed } from "../api/types.ts";
import { AssignDialog } from "../forms/assign.tsx";
import { NewDeviceDialog } from "../forms/device.tsx";
import { ProblemNotice } from "../forms/problem.tsx";
import { type DeviceFilter, page } from "../paths.ts";
import type { Filter } from "../routes.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command } from "../ui/copy.tsx";
import { Empty, Loading } from "../ui/feedback.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { pollCommand } from "../util/commands.ts";
import { count } from "../util/list.ts";
import { useDevices } from "./parts/devices.ts";
import { FilterBar, platformOptions } from "./parts/filters.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { STALE_OPTIONS, StaleMark } from "./parts/stale.tsx";
import {
	DEVICE_STATES,
	DeviceMark,
	deviceStateWord,
	UpdateEnded,
	UpdateMark,
	UpdateProgress,
} from "./parts/states.tsx";
import { Version } from "./parts/versions.tsx";

const STATES = [
	{ value: "", label: "Any state" },
	...DEVICE_STATES.map((value) => ({ value, label: deviceStateWord(value) })),
];

const COLUMNS: Column<Device>[] = [
	{ key: "device", label: "Device", cell: (d) => <DeviceName device={d} /> },
	{ key: "state", label: "State", cell: (d) => <StateCell device={d} />, width: "120px" },
	{
		key: "platform",
		label: "Platform",
		cell: (d) => d.platform ?? <span class="muted">none</span>,
		from: 3,
		width: "13%",
	},
	{
		key: "version",
		label: "Version",
		cell: (d) => <Version version={d.version} target={d.target_version} />,
		from: 2,
		width: "132px",
	},
	{
		key: "update",
		label: "Last update",
		cell: (d) => <UpdateCell device={d} />,
		from: 2,
		width: "21%",
	},
	{ key: "channel", label: "Channel", cell: (d) => d.channel, from: 4, width: "72px" },
	{
		key: "seen",
		label: "Last seen",
		cell: (d) => <Time at={d.last_seen_at} none="never" />,
		from: 3,
		width: "104px",
		open: true,
	},
];

function DeviceName({ device }: { device: Device }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.device(device.id)}>
				{device.name || device.id}
			</Link>
			{device.name ? <span class="name-id mono">{device.id}</span> : null}
			<span class="name-narrow">
				<Version version={device.version} target={device.target_version} />
				{device.update && !isClosed(device.update) ? <UpdateMark state={device.update.state} /> : null}
			</span>
		</span>
	);
}

/** Below the state: that it is stale, or the last sight where its own column has no room. */
function StateCell({ device }: { device: Device }) {
	return (
		<>
			<DeviceMark state={device.state} />
			{device.stale ? (
				<span class="below small">
					<StaleMark />
				</span>
			) : device.last_seen_at ? (
				<span class="below-3 muted small">
					<Time at={device.last_seen_at} />
				</span>
			) : null}
		</>
	);
}

function UpdateCell({ device }: { device: Device }) {
	if (device.update) return <UpdateProgress update={device.update} />;
	return device.last_update ? <UpdateEnded update={device.last_update} /> : <span class="muted">–</span>;
}

export function DevicesPage({ filter }: { filter: Filter<DeviceFilter> }) {
	const list = useDevices(filter);
	const platforms = usePlatforms();
	const [picked, setPicked] = useState<Set<string>>(new Set());
	const [dialog, setDialog] = useState<"" | "new">("");
	// Fixed when asked: the choice below may change while the dialog is open.
	const [assigning, setAssigning] = useState<Device[]>([]);
	const denied = useDenied("device.write");
	const chosen = list.devices.filter((d) => picked.has(d.id));
	const filtered = Object.values(filter).some((v) => v !== "");
	return (
		<>
			<PageHead
				title="Devices"
				beside={
					<Shown n={list.devices.length} more={list.next !== null} loaded={list.loaded && list.problem === null} />
				}
				actions={
					<Button icon="plus" denied={denied} onClick={() => setDialog("new")}>
						Add device
					</Button>
				}
			/>
			<FilterBar
				value={filter}
				path={page.devices}
				fields={[
					{ name: "q", label: "Search id, name, address", kind: "search" },
					{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) },
					{ name: "state", label: "State", kind: STATES },
					{ name: "stale", label: "Staleness", kind: STALE_OPTIONS },
				]}
			/>
			<ProblemNotice problem={list.problem} onRetry={list.reload} />
			{list.strangers.size > 0 ? (
				<Button class="pill" icon="down" onClick={list.reload}>
					Show {count(list.strangers.size, "new device")}
				</Button>
			) : null}
			{chosen.length > 0 ? (
				<PickBar
					devices={chosen}
					denied={denied}
					onClear={() => setPicked(new Set())}
					onAssign={() => setAssigning(chosen)}
				/>
			) : null}
			{!list.loaded ? <Loading rows={8} /> : null}
			{list.devices.length > 0 ? (
				<Table
					label="Devices"
					rows={list.devices}
					columns={COLUMNS}
					rowKey={(d) => d.id}
					onEnd={list.more}
					selection={denied ? undefined : { keys: picked, onChange: setPicked, name: (key) => key }}
				/>
			) : null}
			{list.loaded && list.devices.length === 0 && list.problem === null ? (
				<NoDevices filtered={filtered} onAdd={() => setDialog("new")} />
			) : null}
			{dialog === "new" ? (
				<NewDeviceDialog platforms={platforms.data ?? []} onClose={() => setDialog("")} onDone={list.reload} />
			) : null}
			{assigning[0]?.platform ? (
				<AssignDialog
					devices={assigning}
					platform={assigning[0].platform}
					onClose={() => setAssigning([])}
					onDone={() => setPicked(new Set())}
				/>
			) : null}
		</>
	);
}

function Shown({ n, more, loaded }: { n: number; more: boolean; loaded: boolean }) {
	if (!loaded) return null;
	return (
		<span class="muted" role="status">
			{n}
			{more ? "+" : ""} shown
		</span>
	);
}

interface PickBarProps {
	devices: Device[];
	denied: string;
	onClear: () => void;
	onAssign: () => void;
}

function PickBar({ devices, denied, onClear, onAssign }: PickBarProps) {
	const platforms = new Set(devices.map((d) => d.platform));
	const quiet = devices.filter((d) => d.state !== "online").length;
	const why =
		denied ||
		(platforms.size > 1
			? "The chosen devices are of different platforms"
			: platforms.has(null)
				? "They have no platform yet"
				: "");
	return (
		<section class="pickbar" aria-label="Chosen devices">
			<strong>{count(devices.length, "device")} chosen</strong>
			<span class="muted">
				{why || (quiet > 0 ? `${quiet} not online: they take it when they come back` : "all online")}
			</span>
			<span class="grow" />
			<Button kind="quiet" onClick={onClear}>
				Clear
			</Button>
			<Button kind="primary" denied={why} onClick={onAssign}>
				Assign release
			</Button>
		</section>
	);
}

function NoDevices({ filtered, onAdd }: { filtered: boolean; onAdd: () => void }) {
	if (filtered) {
		return (
			<Empty icon="search" title="No device matches" action={<Link href={page.devices()}>Show all devices</Link>}>
				<p>Fewer words or another state may find it.</p>
			</Empty>
		);
	}
	return (
		<Empty
			icon="chip"
			title="No devices yet"
			action={
				<>
					<Link class="button" href={page.keys()}>
						Make a gateway token
					</Link>
					<Button onClick={onAdd}>Add one by hand</Button>
				</>
			}
		>
			<p>A device that holds a gateway token adds itself at its first poll:</p>
			<Command text={pollCommand(location.origin, "GatewayToken", "my-device")} />
		</Empty>
	);
}
