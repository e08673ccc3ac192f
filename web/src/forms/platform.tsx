import { useState } from "preact/hooks";
import { keyManifestPut, platformChange, platformCreate } from "../api/client.ts";
import type { Platform } from "../api/types.ts";
import { CheckField, TextField } from "../ui/field.tsx";
import { FileDrop } from "../ui/filedrop.tsx";
import { toast } from "../ui/toast.tsx";
import { toBase64 } from "../util/bytes.ts";
import { FormDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

const ROOTS = 3;
const NAME_PATTERN = "[a-z0-9][a-z0-9._\\-]{0,62}";
const FOLLOW_HINT =
	"Devices are offered the newest release of their channel by themselves. Off: only what somebody assigns.";

/** "esp-12f, wemos-d1-mini" -> the names. */
export function splitNames(text: string): string[] {
	return text.split(/[\s,]+/).filter((name) => name !== "");
}

/** The PEM blocks of a text, in order. */
export function pemBlocks(text: string): string[] {
	return (text.match(/-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g) ?? []).map((b) => `${b}\n`);
}

interface NewPlatformProps {
	onClose: () => void;
	onDone: (platform: Platform) => void;
}

export function NewPlatformDialog({ onClose, onDone }: NewPlatformProps) {
	const [name, setName] = useState("");
	const [title, setTitle] = useState("");
	const [aliases, setAliases] = useState("");
	const [follow, setFollow] = useState(false);
	const [roots, setRoots] = useState("");
	const [manifest, setManifest] = useState<File | null>(null);
	const blocks = pemBlocks(roots);
	const rootsWrong =
		roots.trim() !== "" && blocks.length !== ROOTS ? `${blocks.length} of ${ROOTS} public keys found in this text` : "";
	const form = useSubmit(async () => {
		const made = await platformCreate({
			name,
			title,
			aliases: splitNames(aliases),
			follow_channel: follow,
			...(blocks.length === ROOTS ? { boot_roots: blocks } : {}),
			...(manifest ? { key_manifest: toBase64(await manifest.arrayBuffer()) } : {}),
		});
		toast(`Platform ${made.name} made`);
		onDone(made);
		onClose();
	}, ["/name", "/title", "/aliases", "/boot_roots", "/key_manifest"]);
	const addRootFiles = async (files: File[]) => {
		const texts = await Promise.all(files.map((f) => f.text()));
		setRoots((old) => [old.trim(), ...texts.map((t) => t.trim())].filter((t) => t !== "").join("\n"));
	};
	return (
		<FormDialog title="New platform" form={form} action="Make platform" denied={rootsWrong} wide onClose={onClose}>
			<div class="form-two">
				<TextField
					label="Name"
					value={name}
					onInput={setName}
					mono
					autofocus
					pattern={NAME_PATTERN}
					maxLength={63}
					error={form.errorAt("/name")}
					hint="In addresses and on the command line: esp8266, mps2-an386"
				/>
				<TextField
					label="Title"
					required={false}
					value={title}
					onInput={setTitle}
					maxLength={100}
					error={form.errorAt("/title")}
					hint="For people"
				/>
			</div>
			<TextField
				label="Aliases"
				required={false}
				value={aliases}
				onInput={setAliases}
				mono
				error={form.errorAt("/aliases")}
				hint="Other names that devices use for it, by comma: esp-12f, wemos-d1-mini"
			/>
			<CheckField label="Follow the channel" hint={FOLLOW_HINT} checked={follow} onChange={setFollow} />
			<fieldset class="group">
				<legend>Trust</legend>
				<p class="muted small">
					Needed to check signed images. Two of the three boot roots must have signed the key manifest; this server
					holds none of their private halves.
				</p>
				<FileDrop
					label="Boot roots"
					hint="Three public keys, PEM. Drop the files or click"
					multiple
					accept=".pem,.pub"
					onFiles={(files) => void addRootFiles(files)}
				/>
				<TextField
					label="Boot roots as text"
					required={false}
					value={roots}
					onInput={setRoots}
					mono
					rows={3}
					placeholder={"-----BEGIN PUBLIC KEY-----"}
					error={form.errorAt("/boot_roots") || rootsWrong}
					hint={blocks.length === ROOTS ? "Three public keys" : undefined}
				/>
				<FileDrop
					label={manifest ? manifest.name : "Key manifest"}
					hint={
						manifest
							? `${manifest.size} bytes, click to choose another`
							: "Made by signer keymanifest, signed by two boot roots"
					}
					onFiles={(files) => setManifest(files[0] ?? null)}
					error={form.errorAt("/key_manifest")}
				/>
			</fieldset>
		</FormDialog>
	);
}

interface EditPlatformProps {
	platform: Platform;
	onClose: () => void;
	onDone: (platform: Platform) => void;
}

export function EditPlatformDialog({ platform, onClose, onDone }: EditPlatformProps) {
	const [title, setTitle] = useState(platform.title);
	const [aliases, setAliases] = useState(platform.aliases.join(", "));
	const [follow, setFollow] = useState(platform.follow_channel);
	const form = useSubmit(async () => {
		const changed = await platformChange(platform.name, {
			title,
			aliases: splitNames(aliases),
			follow_channel: follow,
		});
		toast("Platform changed");
		onDone(changed);
		onClose();
	}, ["/title", "/aliases"]);
	const starts = follow && !platform.follow_channel;
	return (
		<FormDialog title={`Edit ${platform.name}`} form={form} action="Save" onClose={onClose}>
			<TextField
				label="Title"
				required={false}
				autofocus
				value={title}
				onInput={setTitle}
				maxLength={100}
				error={form.errorAt("/title")}
			/>
			<TextField
				label="Aliases"
				required={false}
				value={aliases}
				onInput={setAliases}
				mono
				error={form.errorAt("/aliases")}
				hint="By comma"
			/>
			<CheckField label="Follow the channel" hint={FOLLOW_HINT} checked={follow} onChange={setFollow} />
			{starts && platform.device_count > 0 ? (
				<p class="consequence">
					From the next poll on, up to <strong>{platform.device_count}</strong> devices of {platform.name} will be
					offered the newest release of their channel.
				</p>
			) : null}
		</FormDialog>
	);
}

export function KeyManifestDialog({ platform, onClose, onDone }: EditPlatformProps) {
	const [file, setFile] = useState<File | null>(null);
	const form = useSubmit(async () => {
		if (!file) return;
		const changed = await keyManifestPut(platform.name, file);
		toast(`Key manifest ${changed.key_manifest?.sequence ?? ""} is in force`);
		onDone(changed);
		onClose();
	});
	const sequence = platform.key_manifest?.sequence;
	return (
		<FormDialog
			title={`Key manifest of ${platform.name}`}
			form={form}
			action="Put in force"
			denied={file ? "" : "Choose a file first"}
			onClose={onClose}
		>
			<FileDrop
				label={file ? file.name : "Key manifest"}
				hint={
					file ? `${file.size} bytes, click to choose another` : "Made by signer keymanifest, signed by two boot roots"
				}
				onFiles={(files) => setFile(files[0] ?? null)}
			/>
			<p class="consequence">
				From then on, uploads are checked against the new keys
				{sequence === undefined ? "" : `. Its sequence must be above ${sequence}`}; there is no way back to an older
				manifest.
			</p>
		</FormDialog>
	);
}
