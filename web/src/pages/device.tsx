import { useEffect, useState } from "preact/hooks";
import { deviceDelete, deviceGet, deviceTokenNew, deviceUpdateList } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Device, Update } from "../api/types.ts";
import { isClosed } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { devicesIn, updatesIn, useLoad } from "../api/useLoad.ts";
import { AssignDialog } from "../forms/assign.tsx";
import { Confirm } from "../forms/confirm.tsx";
import { DeviceToken, EditDeviceDialog } from "../forms/device.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Icon } from "../ui/icon.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { toast } from "../ui/toast.tsx";
import { bytes } from "../util/bytes.ts";
import { patchBy } from "../util/list.ts";
import { navigate } from "../util/location.ts";
import { duration } from "../util/time.ts";
import { reasonText } from "../util/words.ts";
import { usePlatforms } from "./parts/platforms.ts";
import { StaleMark, StaleNotice } from "./parts/stale.tsx";
import { Ready } from "./parts/state.tsx";
import { DeviceMark, UpdateMark, UpdateProgress } from "./parts/states.tsx";
import { Timeline } from "./parts/timeline.tsx";
import { CancelDialog, Versions } from "./parts/updates.tsx";
import { Version } from "./parts/versions.tsx";

const HISTORY_SETTLES_MS = 400;

/** The device and its updates; events have no update events in them, so a change loads the history again. */
function useDevice(id: string) {
	const device = useLoad(`device ${id}`, (signal) => deviceGet(id, signal));
	const updates = useLoad(`device updates ${id}`, (signal) => deviceUpdateList(id, signal));
	const [touched, setTouched] = useState(0);
	useEffect(() => {
		if (touched === 0) return;
		const timer = setTimeout(updates.reload, HISTORY_SETTLES_MS);
		return () => clearTimeout(timer);
	}, [touched, updates.reload]);
	useLive((events) => {
		const own = devicesIn(events).filter((d) => d.id === id);
		const changed = own.at(-1);
		if (changed)
			device.change((d) => ({
				...d,
				...changed,
				attributes: d.attributes ?? {},
			}));
		const changes = updatesIn(events).filter((u) => u.device === id);
		if (changes.length === 0) return;
		updates.change((list) => ({
			...list,
			items: patchBy(list.items, changes, (u) => u.id).items,
		}));
		setTouched((n) => n + 1);
	});
	return { device, updates };
}

type Asked = "" | "assign" | "edit" | "token" | "delete" | "cancel";

export function DevicePage({ id }: { id: string }) {
	const { device, updates } = useDevice(id);
	const [asked, setAsked] = useState<Asked>("");
	const close = () => setAsked("");
	const denied = useDenied("device.write");
	const d = device.data;
	const open = updates.data?.items.find((u) => !isClosed(u)) ?? null;
	return (
		<>
			<PageHead
				title={d?.name || id}
				above={
					<Link class="back" href={page.devices()}>
						<Icon name="left" size={14} /> Devices
					</Link>
				}
				beside={
					d ? (
						<>
							<DeviceMark state={d.state} />
							{d.stale ? <StaleMark /> : null}
						</>
					) : null
				}
				actions={
					d ? (
						<>
							<Button icon="pencil" denied={denied} onClick={() => setAsked("edit")}>
								Edit
							</Button>
							<Button kind="primary" denied={denied || whyNoAssign(d)} onClick={() => setAsked("assign")}>
								Assign release
							</Button>
						</>
					) : null
				}
			/>
			<Ready of={device}>
				{(data) => (
					<div class="columns">
						<div class="stack loose">
							{data.stale ? <StaleNotice device={data} stale={data.stale} /> : null}
							{open ? <Current update={open} onCancel={() => setAsked("cancel")} denied={denied} /> : null}
							<Panel title="Updates" flush>
								<Ready of={updates}>{(list) => <History updates={list.items} />}</Ready>
							</Panel>
						</div>
						<DeviceFacts device={data} denied={denied} onAsk={setAsked} />
					</div>
				)}
			</Ready>
			{d ? (
				<Dialogs
					device={d}
					open={open}
					asked={asked}
					onClose={close}
					onChanged={device.change}
					onAssigned={updates.reload}
				/>
			) : null}
		</>
	);
}

function whyNoAssign(device: Device): string {
	if (device.platform === null) return "Give the device a platform first";
	return device.update && !isClosed(device.update) ? "An update is in progress: cancel it first" : "";
}

interface DialogsProps {
	device: Device;
	open: Update | null;
	asked: Asked;
	onClose: () => void;
	onChanged: (change: (device: Device) => Device) => void;
	onAssigned: () => void;
}

function Dialogs({ device, open, asked, onClose, onChanged, onAssigned }: DialogsProps) {
	switch (asked) {
		case "":
			return null;
		case "assign":
			return <AssignDialog devices={[device]} platform={device.platform ?? ""} onClose={onClose} onDone={onAssigned} />;
		case "edit":
			return <Edit device={device} onClose={onClose} onChanged={onChanged} />;
		case "token":
			return <TokenDialog device={device} onClose={onClose} />;
		case "delete":
			return <DeleteDialog device={device} onClose={onClose} />;
		case "cancel":
			return open ? <CancelDialog update={open} onClose={onClose} /> : null;
	}
}

function Edit({ device, onClose, onChanged }: Pick<DialogsProps, "device" | "onClose" | "onChanged">) {
	const platforms = usePlatforms();
	if (platforms.data === null) return null;
	return (
		<EditDeviceDialog
			device={device}
			platforms={platforms.data}
			onClose={onClose}
			onDone={(d) => onChanged((old) => ({ ...old, ...d }))}
		/>
	);
}

function TokenDialog({ device, onClose }: Pick<DialogsProps, "device" | "onClose">) {
	const [token, setToken] = useState("");
	if (token) return <DeviceToken id={device.id} token={token} onClose={onClose} />;
	return (
		<Confirm
			title={`A new token for ${device.name || device.id}?`}
			action="Make a new token"
			danger
			onConfirm={async () => setToken((await deviceTokenNew(device.id)).token)}
			onClose={onClose}
		>
			<p>
				The old token stops working at once: the device <strong>cannot poll until it has the new one</strong>. It keeps
				running what it runs.
			</p>
		</Confirm>
	);
}

function DeleteDialog({ device, onClose }: Pick<DialogsProps, "device" | "onClose">) {
	const remove = async () => {
		await deviceDelete(device.id);
		toast(`${device.name || device.id} is deleted`);
		navigate(page.devices());
	};
	return (
		<Confirm
			title={`Delete ${device.name || device.id}?`}
			action="Delete device"
			danger
			onConfirm={remove}
			onClose={onClose}
		>
			<p>
				Its record, its token and its update history go. The device itself keeps running; with a gateway token it comes
				back at its next poll as a new one.
			</p>
		</Confirm>
	);
}

function Current({ update, onCancel, denied }: { update: Update; onCancel: () => void; denied: string }) {
	return (
		<Panel>
			<div class="current">
				<div class="row">
					<h2>Update in progress</h2>
					<Versions update={update} />
					<span class="grow" />
					{update.state === "cancelling" ? null : (
						<Button denied={denied} onClick={onCancel}>
							Cancel update
						</Button>
					)}
				</div>
				<UpdateProgress update={update} />
				<p class="muted small">
					Assigned <Time at={update.created_at} focusable /> by {update.created_by}, last report{" "}
					<Time at={update.updated_at} focusable />
				</p>
			</div>
		</Panel>
	);
}

function History({ updates }: { updates: Update[] }) {
	if (updates.length === 0) {
		return (
			<Empty icon="cycle" title="Never updated from here">
				<p>Assign a release, and every step the device reports is kept here.</p>
			</Empty>
		);
	}
	return (
		<ol class="history">
			{updates.map((u, i) => (
				<li key={u.id}>
					<details open={i === 0 || !isClosed(u)}>
						<summary>
							<Icon name="right" size={12} />
							<Versions update={u} />
							<span class="grow" />
							{isClosed(u) ? <UpdateMark state={u.state} /> : <UpdateProgress update={u} />}
							<span class="history-time muted">
								<Time at={u.closed_at ?? u.updated_at} />
							</span>
						</summary>
						{u.reason ? (
							<p class="reason">
								{reasonText(u.reason)}. <code>{u.reason}</code>
							</p>
						) : null}
						<Timeline update={u} />
					</details>
				</li>
			))}
		</ol>
	);
}

function DeviceFacts({ device: d, denied, onAsk }: { device: Device; denied: string; onAsk: (a: Asked) => void }) {
	const h = d.heartbeat;
	const attributes = Object.entries(d.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return (
		<aside class="stack loose" aria-label="About the device">
			<Panel title="Device">
				<Facts
					facts={[
						{
							label: "Version",
							value: <Version version={d.version} target={d.target_version} />,
						},
						{
							label: "Last seen",
							value: <Time at={d.last_seen_at} none="never" focusable />,
						},
						{
							label: "Platform",
							value: d.platform ? <Link href={page.platform(d.platform)}>{d.platform}</Link> : "none",
						},
						{ label: "Channel", value: d.channel },
						{
							label: "Address",
							value: d.address ? <code>{d.address}</code> : "–",
						},
						{
							label: "Registered",
							value: <Time at={d.registered_at} focusable />,
						},
						{
							label: "Id",
							value: (
								<span class="value">
									<code class="wrap">{d.id}</code>
									<CopyButton text={d.id} label="device id" />
								</span>
							),
						},
					]}
				/>
			</Panel>
			<Panel title="Heartbeat">
				{h ? (
					<Facts
						facts={[
							h.app !== null ? { label: "App", value: h.app } : null,
							h.slot !== null ? { label: "Slot", value: h.slot.toUpperCase() } : null,
							h.uptime_s !== null ? { label: "Uptime", value: duration(h.uptime_s) } : null,
							h.reset_cause !== null ? { label: "Last reset", value: h.reset_cause } : null,
							h.free_bytes !== null ? { label: "Free memory", value: bytes(h.free_bytes) } : null,
							h.address !== null ? { label: "Own address", value: <code>{h.address}</code> } : null,
						]}
					/>
				) : (
					<p class="muted">No heartbeat yet. Devices with our agent send one; others need not.</p>
				)}
			</Panel>
			{attributes.length > 0 ? (
				<Panel title="Attributes">
					<Facts
						facts={attributes.map(([label, value]) => ({
							label,
							value: <span class="wrap">{String(value)}</span>,
						}))}
					/>
				</Panel>
			) : null}
			<div class="row">
				<Button icon="key" denied={denied} onClick={() => onAsk("token")}>
					New token
				</Button>
				<Button icon="bin" kind="quiet" denied={denied} onClick={() => onAsk("delete")}>
					Delete
				</Button>
			</div>
		</aside>
	);
}
