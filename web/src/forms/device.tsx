import { useState } from "preact/hooks";
import { deviceChange, deviceCreate } from "../api/client.ts";
import type { Channel, Device, Platform } from "../api/types.ts";
import { SelectField, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { pollCommand } from "../util/commands.ts";
import { FormDialog } from "./dialog.tsx";
import { SecretDialog } from "./secret.tsx";
import { useSubmit } from "./useSubmit.ts";

const CHANNELS = [
	{ value: "stable", label: "stable" },
	{ value: "beta", label: "beta" },
];
const FIELDS = ["/id", "/platform", "/name", "/channel"];

function platformOptions(platforms: Platform[]) {
	return platforms.map((p) => ({
		value: p.name,
		label: p.title ? `${p.name} (${p.title})` : p.name,
	}));
}

interface NewDeviceProps {
	platforms: Platform[];
	onClose: () => void;
	onDone: () => void;
}

export function NewDeviceDialog({ platforms, onClose, onDone }: NewDeviceProps) {
	const [id, setId] = useState("");
	const [name, setName] = useState("");
	const [platform, setPlatform] = useState(platforms[0]?.name ?? "");
	const [channel, setChannel] = useState<Channel>("stable");
	const [token, setToken] = useState("");
	const form = useSubmit(async () => {
		const made = await deviceCreate({
			id,
			platform,
			channel,
			...(name ? { name } : {}),
		});
		setToken(made.token);
		onDone();
	}, FIELDS);
	if (token) return <DeviceToken id={id} token={token} onClose={onClose} />;
	return (
		<FormDialog
			title="Add a device"
			form={form}
			action="Add device"
			denied={platforms.length > 0 ? "" : "Make a platform first"}
			onClose={onClose}
		>
			<p class="muted">
				Devices that hold a gateway token add themselves at their first poll. Add one by hand to give it a token of its
				own.
			</p>
			<TextField
				label="Device id"
				value={id}
				onInput={setId}
				mono
				autofocus
				maxLength={128}
				pattern="[A-Za-z0-9._:\-]+"
				error={form.errorAt("/id")}
				hint="What the device calls itself: letters, digits, . _ : -"
			/>
			<TextField
				label="Name"
				required={false}
				value={name}
				onInput={setName}
				maxLength={64}
				error={form.errorAt("/name")}
			/>
			<SelectField
				label="Platform"
				value={platform}
				options={platformOptions(platforms)}
				onChange={setPlatform}
				error={form.errorAt("/platform")}
			/>
			<SelectField
				label="Channel"
				value={channel}
				options={CHANNELS}
				onChange={(v) => setChannel(v as Channel)}
				error={form.errorAt("/channel")}
			/>
		</FormDialog>
	);
}

export function DeviceToken({ id, token, onClose }: { id: string; token: string; onClose: () => void }) {
	return (
		<SecretDialog
			title={`Token of ${id}`}
			label="token"
			secret={token}
			example={pollCommand(location.origin, "TargetToken", id)}
			onClose={onClose}
		/>
	);
}

interface EditDeviceProps {
	device: Device;
	platforms: Platform[];
	onClose: () => void;
	onDone: (device: Device) => void;
}

export function EditDeviceDialog({ device, platforms, onClose, onDone }: EditDeviceProps) {
	const [name, setName] = useState(device.name);
	const [platform, setPlatform] = useState(device.platform ?? "");
	const [channel, setChannel] = useState<Channel>(device.channel);
	const form = useSubmit(async () => {
		const body: Partial<Pick<Device, "name" | "channel" | "platform">> = {};
		if (name !== device.name) body.name = name;
		if (channel !== device.channel) body.channel = channel;
		if (platform !== "" && platform !== device.platform) body.platform = platform;
		onDone(Object.keys(body).length > 0 ? await deviceChange(device.id, body) : device);
		toast("Device changed");
		onClose();
	}, FIELDS);
	const none = device.platform === null ? [{ value: "", label: "none" }] : [];
	return (
		<FormDialog title={`Edit ${device.name || device.id}`} form={form} action="Save" onClose={onClose}>
			<TextField
				label="Name"
				required={false}
				autofocus
				value={name}
				onInput={setName}
				maxLength={64}
				error={form.errorAt("/name")}
			/>
			<SelectField
				label="Platform"
				value={platform}
				options={[...none, ...platformOptions(platforms)]}
				onChange={setPlatform}
				error={form.errorAt("/platform")}
				hint="Decides which releases it may take. The device still refuses an image for other hardware."
			/>
			<SelectField
				label="Channel"
				value={channel}
				options={CHANNELS}
				onChange={(v) => setChannel(v as Channel)}
				error={form.errorAt("/channel")}
			/>
		</FormDialog>
	);
}
