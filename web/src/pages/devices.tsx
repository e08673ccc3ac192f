import { useEffect, useRef, useState } from "preact/hooks";
import { useDenied } from "../api/session.ts";
import type { Device, Platform } from "../api/types.ts";
import { isClosed } from "../api/types.ts";
import { AssignDialog } from "../forms/assign.tsx";
import { NewDeviceDialog } from "../forms/device.tsx";
import { ProblemNotice } from "../forms/problem.tsx";
import { type DeviceFilter, page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command } from "../ui/copy.tsx";
import { Empty, Loading } from "../ui/feedback.tsx";
import { Select } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { pollCommand } from "../util/commands.ts";
import { count } from "../util/list.ts";
import { navigate } from "../util/location.ts";
import { useDevices } from "./parts/devices.ts";
import { usePlatforms } from "./parts/platforms.ts";
import {
	DEVICE_STATES,
	DeviceMark,
	deviceStateWord,
	UpdateEnded,
	UpdateMark,
	UpdateProgress,
} from "./parts/states.tsx";
import { Version } from "./parts/versions.tsx";

const TYPING_MS = 250;

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

/** The last sight stands below the state where its own column has no room. */
function StateCell({ device }: { device: Device }) {
	return (
		<>
			<DeviceMark state={device.state} />
			{device.last_seen_at ? (
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

interface Props {
	platform: string;
	state: string;
	q: string;
}

export function DevicesPage(filter: Props) {
	const list = useDevices(filter);
	const platforms = usePlatforms();
	const [picked, setPicked] = useState<Set<string>>(new Set());
	const [dialog, setDialog] = useState<"" | "new">("");
	// Fixed when asked: the choice below may change while the dialog is open.
	const [assigning, setAssigning] = useState<Device[]>([]);
	const denied = useDenied("device.write");
	const chosen = list.devices.filter((d) => picked.has(d.id));
	const filtered = filter.platform !== "" || filter.state !== "" || filter.q !== "";
	return (
		<>
			<PageHead
				title="Devices"
				beside={<Shown n={list.devices.length} more={list.next !== null} loaded={list.loaded} />}
				actions={
					<Button icon="plus" denied={denied} onClick={() => setDialog("new")}>
						Add device
					</Button>
				}
			/>
			<Filters filter={filter} platforms={platforms.data ?? []} />
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

function Filters({ filter, platforms }: { filter: Props; platforms: Platform[] }) {
	const [typed, setTyped] = useState(filter.q);
	const latest = useRef(filter);
	latest.current = filter;
	// The address follows the typing after a moment, and the field follows the address (back, links).
	useEffect(() => setTyped(filter.q), [filter.q]);
	useEffect(() => {
		if (typed === latest.current.q) return;
		const timer = setTimeout(() => navigate(page.devices({ ...latest.current, q: typed }), true), TYPING_MS);
		return () => clearTimeout(timer);
	}, [typed]);
	const go = (change: DeviceFilter) => navigate(page.devices({ ...filter, ...change }), true);
	const any = filter.platform !== "" || filter.state !== "" || filter.q !== "";
	return (
		<search class="filters">
			<div class="search">
				<Icon name="search" />
				<input
					id="search"
					class="input"
					type="search"
					aria-label="Search devices by id, name or address"
					placeholder="Search id, name, address"
					value={typed}
					onInput={(e) => setTyped(e.currentTarget.value)}
				/>
				<kbd>/</kbd>
			</div>
			<Select
				label="Platform"
				value={filter.platform}
				options={[{ value: "", label: "All platforms" }, ...platforms.map((p) => ({ value: p.name, label: p.name }))]}
				onChange={(platform) => go({ platform })}
			/>
			<Select
				label="State"
				value={filter.state}
				options={[
					{ value: "", label: "Any state" },
					...DEVICE_STATES.map((s) => ({
						value: s,
						label: deviceStateWord(s),
					})),
				]}
				onChange={(state) => go({ state })}
			/>
			{any ? (
				<Button kind="quiet" icon="cross" onClick={() => navigate(page.devices(), true)}>
					Clear
				</Button>
			) : null}
		</search>
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
