import { useState } from "preact/hooks";
import { apiKeyCreate, gatewayTokenCreate } from "../api/client.ts";
import { may, useSession } from "../api/session.ts";
import { EVERYWHERE, type Platform, type Session } from "../api/types.ts";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { pollCommand, publishCommand } from "../util/commands.ts";
import { ALL_RIGHTS, RIGHTS } from "../util/rights.ts";
import { absolute } from "../util/time.ts";
import { FormDialog } from "./dialog.tsx";
import { SecretDialog } from "./secret.tsx";
import { useSubmit } from "./useSubmit.ts";

const EXPIRY = [
	{ value: "7", label: "in a week" },
	{ value: "30", label: "in 30 days" },
	{ value: "90", label: "in 90 days" },
	{ value: "365", label: "in a year" },
	{ value: "", label: "never" },
];

const DAY_MS = 86_400_000;

function expiryHint(days: string): string {
	return days === ""
		? "It counts until somebody revokes it. A key that ends is safer."
		: `On ${absolute(Date.now() + Number(days) * DAY_MS).slice(0, "2026-11-20".length)}.`;
}

function toggle(list: string[], item: string, on: boolean): string[] {
	return on ? [...list, item] : list.filter((x) => x !== item);
}

/** Why a key with these scopes on these platforms cannot be made, or empty. */
export function whyNoKey(session: Session, scopes: string[], platforms: string[]): string {
	if (scopes.length === 0) return "Choose at least one right";
	if (platforms.length === 0) return "Choose at least one platform";
	for (const { permission, wide } of ALL_RIGHTS.filter((r) => scopes.includes(r.permission))) {
		if (wide && !platforms.includes(EVERYWHERE)) return `${permission} counts with all platforms only`;
		const lacking = platforms.find((p) => !may(session, permission, p));
		if (lacking !== undefined)
			return `You lack ${permission} on ${lacking === EVERYWHERE ? "all platforms" : lacking} yourself`;
	}
	return "";
}

interface NewKeyProps {
	platforms: Platform[];
	onClose: () => void;
	onDone: () => void;
}

export function NewKeyDialog({ platforms, onClose, onDone }: NewKeyProps) {
	const { session } = useSession();
	const [name, setName] = useState("");
	const [scopes, setScopes] = useState<string[]>(
		["release.upload", "release.read"].filter((p) => session.permissions.includes(p)),
	);
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
				example={publishCommand(location.origin, scope[0] === EVERYWHERE ? "NAME" : (scope[0] ?? "NAME"), "1.1.0")}
				onClose={onClose}
			/>
		);
	}
	const missing = whyNoKey(session, scopes, scope);
	return (
		<FormDialog title="New API key" form={form} action="Make key" denied={missing} wide onClose={onClose}>
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
					hint={expiryHint(days)}
				/>
			</div>
			{RIGHTS.map((group) => (
				<fieldset key={group.title} class="group two">
					<legend>{group.title}</legend>
					{group.rights.map(({ permission, label }) => (
						<CheckField
							key={permission}
							label={label}
							hint={
								may(session, permission) ? (
									<code>{permission}</code>
								) : (
									<>You lack {permission}, so a key cannot have it</>
								)
							}
							checked={scopes.includes(permission)}
							disabled={!may(session, permission)}
							onChange={(on) => setScopes(toggle(scopes, permission, on))}
						/>
					))}
				</fieldset>
			))}
			{form.errorAt("/scopes") ? <p class="field-error">{form.errorAt("/scopes")}</p> : null}
			<fieldset class="group two">
				<legend>Platforms</legend>
				<CheckField
					label="All, also future ones"
					checked={scope.includes(EVERYWHERE)}
					onChange={(on) => setScope(on ? [EVERYWHERE] : [])}
				/>
				{platforms.map((p) => (
					<CheckField
						key={p.name}
						label={<code>{p.name}</code>}
						checked={scope.includes(p.name) || scope.includes(EVERYWHERE)}
						disabled={scope.includes(EVERYWHERE)}
						onChange={(on) => setScope(toggle(scope, p.name, on))}
					/>
				))}
				{form.errorAt("/platforms") ? <p class="field-error">{form.errorAt("/platforms")}</p> : null}
			</fieldset>
			{missing ? <p class="field-hint">{missing}.</p> : null}
		</FormDialog>
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
		<FormDialog
			title="New gateway token"
			form={form}
			action="Make token"
			denied={platforms.length > 0 ? "" : "Make a platform first"}
			onClose={onClose}
		>
			<p class="consequence">
				Any device with this token can add itself and poll for updates. It cannot upload, assign or read anything else.
			</p>
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
		</FormDialog>
	);
}
