import { useState } from "preact/hooks";
import { apiKeyCreate, gatewayTokenCreate } from "../api/client.ts";
import { PERMISSIONS, type Platform } from "../api/types.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { pollCommand, publishCommand } from "../util/commands.ts";
import { ProblemNotice } from "./problem.tsx";
import { SecretDialog } from "./secret.tsx";
import { useSubmit } from "./useSubmit.ts";

const EVERYTHING = "*";

/** What each right lets a key do, in words. */
const SCOPE_WORDS: Record<string, string> = {
	"release.upload": "Upload releases (CI)",
	"release.read": "Read and download releases",
	"release.manage": "Edit releases",
	"release.promote": "Release to a channel, promote",
	"release.withdraw": "Withdraw releases",
	"link.create": "Make download links",
	"audit.read": "Read the audit and download logs",
	"device.read": "Read devices",
	"device.write": "Change devices, assign releases",
	"platform.manage": "Make and change platforms",
	"key.manage": "Make and revoke keys",
	"user.manage": "Manage people",
};

const EXPIRY = [
	{ value: "30", label: "in 30 days" },
	{ value: "90", label: "in 90 days" },
	{ value: "365", label: "in a year" },
	{ value: "", label: "never" },
];

function toggle(list: string[], item: string, on: boolean): string[] {
	return on ? [...list, item] : list.filter((x) => x !== item);
}

interface NewKeyProps {
	platforms: Platform[];
	onClose: () => void;
	onDone: () => void;
}

export function NewKeyDialog({ platforms, onClose, onDone }: NewKeyProps) {
	const [name, setName] = useState("");
	const [scopes, setScopes] = useState<string[]>(["release.upload", "release.read"]);
	const [scope, setScope] = useState<string[]>(platforms.length === 1 && platforms[0] ? [platforms[0].name] : []);
	const [days, setDays] = useState("90");
	const [secret, setSecret] = useState("");
	const form = useSubmit(async () => {
		const made = await apiKeyCreate({
			name,
			scopes,
			platforms: scope,
			...(days ? { expires_in_days: Number(days) } : {}),
		});
		setSecret(made.secret);
		onDone();
	}, ["/name", "/scopes", "/platforms", "/expires_in_days"]);
	if (secret) {
		return (
			<SecretDialog
				title={`API key ${name}`}
				label="API key"
				secret={secret}
				example={publishCommand(location.origin, scope[0] === EVERYTHING ? "NAME" : (scope[0] ?? "NAME"), "1.1.0")}
				onClose={onClose}
			/>
		);
	}
	const missing =
		scopes.length === 0 ? "Choose at least one right" : scope.length === 0 ? "Choose at least one platform" : "";
	return (
		<Dialog title="New API key" onClose={onClose} wide>
			<form class="form" onSubmit={form.submit}>
				<ProblemNotice problem={form.problem} />
				<div class="form-two">
					<TextField
						label="Name"
						value={name}
						onInput={setName}
						autofocus
						maxLength={64}
						error={form.errorAt("/name")}
						hint="Where it is used: ci-firmware"
					/>
					<SelectField
						label="Ends"
						value={days}
						options={EXPIRY}
						onChange={setDays}
						error={form.errorAt("/expires_in_days")}
					/>
				</div>
				<fieldset class="group two">
					<legend>Rights</legend>
					{PERMISSIONS.map((p) => (
						<CheckField
							key={p}
							label={SCOPE_WORDS[p] ?? p}
							hint={<code>{p}</code>}
							checked={scopes.includes(p)}
							onChange={(on) => setScopes(toggle(scopes, p, on))}
						/>
					))}
					{form.errorAt("/scopes") ? <p class="field-error">{form.errorAt("/scopes")}</p> : null}
				</fieldset>
				<fieldset class="group two">
					<legend>Platforms</legend>
					<CheckField
						label="All, also future ones"
						checked={scope.includes(EVERYTHING)}
						onChange={(on) => setScope(on ? [EVERYTHING] : [])}
					/>
					{platforms.map((p) => (
						<CheckField
							key={p.name}
							label={<code>{p.name}</code>}
							checked={scope.includes(p.name) || scope.includes(EVERYTHING)}
							disabled={scope.includes(EVERYTHING)}
							onChange={(on) => setScope(toggle(scope, p.name, on))}
						/>
					))}
					{form.errorAt("/platforms") ? <p class="field-error">{form.errorAt("/platforms")}</p> : null}
				</fieldset>
				<div class="form-end">
					<Button onClick={onClose}>Cancel</Button>
					<Button type="submit" kind="primary" busy={form.pending} denied={missing}>
						Make key
					</Button>
				</div>
			</form>
		</Dialog>
	);
}

export function NewGatewayDialog({ platforms, onClose, onDone }: NewKeyProps) {
	const [name, setName] = useState("");
	const [platform, setPlatform] = useState(platforms[0]?.name ?? "");
	const [secret, setSecret] = useState("");
	const form = useSubmit(async () => {
		const made = await gatewayTokenCreate({ name, platform });
		setSecret(made.secret);
		onDone();
	}, ["/name", "/platform"]);
	if (secret) {
		return (
			<SecretDialog
				title={`Gateway token ${name}`}
				label="gateway token"
				secret={secret}
				example={pollCommand(location.origin, "GatewayToken", "DEVICE-ID")}
				onClose={onClose}
			/>
		);
	}
	return (
		<Dialog title="New gateway token" onClose={onClose}>
			<form class="form" onSubmit={form.submit}>
				<p class="consequence">
					Any device with this token can add itself and poll for updates. It cannot upload, assign or read anything
					else.
				</p>
				<ProblemNotice problem={form.problem} />
				<TextField
					label="Name"
					value={name}
					onInput={setName}
					autofocus
					maxLength={64}
					error={form.errorAt("/name")}
					hint="factory-line-1, test-bench"
				/>
				<SelectField
					label="Platform of devices that name none"
					value={platform}
					options={platforms.map((p) => ({ value: p.name, label: p.name }))}
					onChange={setPlatform}
					error={form.errorAt("/platform")}
				/>
				<div class="form-end">
					<Button onClick={onClose}>Cancel</Button>
					<Button
						type="submit"
						kind="primary"
						busy={form.pending}
						denied={platforms.length > 0 ? "" : "Make a platform first"}
					>
						Make token
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
