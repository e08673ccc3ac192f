import { useState } from "preact/hooks";
import { recoveryCodesNew, totpBegin, totpConfirm, totpDisable } from "../api/people.ts";
import type { Problem } from "../api/problem.ts";
import { useSession } from "../api/session.ts";
import type { TotpSecret } from "../api/types.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton, Value } from "../ui/copy.tsx";
import { QrCode } from "../ui/qr.tsx";
import { downloadText } from "../util/download.ts";
import { CodeField, cleanCode } from "./code.tsx";
import { FormDialog, OnceDialog } from "./dialog.tsx";
import { CurrentPassword } from "./password.tsx";
import { useSubmit } from "./useSubmit.ts";

interface Props {
	onClose: () => void;
	/** What the account says has changed. */
	onDone: () => void;
}

/** What is wrong with a field of these forms, by the problem's code; the rest is told above the buttons. */
function errors(problem: Problem | null) {
	const password = problem?.code === "wrong-password" ? "This is not your password" : "";
	const code =
		problem?.code === "wrong-code"
			? "This code does not count. Wait for the next one, and check the clock of your device."
			: "";
	return { password, code, other: password === "" && code === "" ? problem : null };
}

/** The password, then a secret for the app and a first code from it, then recovery codes to keep. */
export function TotpSetup({ onClose, onDone }: Props) {
	const [password, setPassword] = useState("");
	const [secret, setSecret] = useState<TotpSecret | null>(null);
	const [code, setCode] = useState("");
	const [codes, setCodes] = useState<string[] | null>(null);
	const ask = useSubmit(async () => setSecret(await totpBegin(password)));
	const confirm = useSubmit(async () => {
		const made = await totpConfirm(cleanCode(code));
		setCodes(made.recovery_codes);
		onDone();
	});
	if (codes !== null) return <RecoveryCodesDialog codes={codes} onClose={onClose} />;
	if (secret === null) {
		const wrong = errors(ask.problem);
		return (
			<FormDialog title="Set up a second factor" form={ask} problem={wrong.other} action="Go on" onClose={onClose}>
				<p>
					Signing in then takes your password and a code from an authenticator app on your phone. It takes a minute.
				</p>
				<CurrentPassword
					label="Your password"
					value={password}
					onInput={setPassword}
					error={wrong.password}
					autofocus
				/>
			</FormDialog>
		);
	}
	const wrong = errors(confirm.problem);
	return (
		<FormDialog
			title="Set up a second factor"
			form={confirm}
			problem={wrong.other}
			action="Switch it on"
			onClose={onClose}
		>
			<ol class="steps-list">
				<li>
					<p>Scan this with your authenticator app.</p>
					<QrCode text={secret.uri} label="QR code of the second factor" />
					<details class="by-hand">
						<summary>Type it in instead</summary>
						<p class="muted small">Kind: time-based, 6 digits, 30 seconds.</p>
						<Value text={groups(secret.secret)} copied={secret.secret} label="secret" />
					</details>
				</li>
				<li>
					<CodeField
						value={code}
						onInput={setCode}
						error={wrong.code}
						hint="The six digits that the app shows now: they prove that it works."
					/>
				</li>
			</ol>
		</FormDialog>
	);
}

/** Four characters at a time, as people read. */
function groups(secret: string): string {
	return secret.replace(/(.{4})(?=.)/g, "$1 ");
}

/** Shown once: closed only on purpose. */
export function RecoveryCodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
	const { session } = useSession();
	const text = codes.join("\n");
	const file = [
		`Recovery codes of ${session.user.name} for ${location.origin}`,
		"Each counts once, instead of a code of the authenticator app.",
		"",
		text,
		"",
	].join("\n");
	return (
		<OnceDialog title="Recovery codes" done="I have stored them" onClose={onClose}>
			<p>
				Keep these where you keep passwords. Each lets you in once when the app is not at hand;{" "}
				<strong>they are not shown again</strong>.
			</p>
			<ol class="recovery-codes" aria-label="Recovery codes">
				{codes.map((c) => (
					<li key={c}>
						<code>{c}</code>
					</li>
				))}
			</ol>
			<div class="row">
				<CopyButton text={text} label="recovery codes" worded />
				<Button icon="download" onClick={() => downloadText(`otad-recovery-codes-${session.user.name}.txt`, file)}>
					Download
				</Button>
			</div>
		</OnceDialog>
	);
}

export function NewRecoveryCodes({ onClose, onDone }: Props) {
	const [code, setCode] = useState("");
	const [codes, setCodes] = useState<string[] | null>(null);
	const form = useSubmit(async () => {
		setCodes((await recoveryCodesNew(cleanCode(code))).recovery_codes);
		onDone();
	});
	if (codes !== null) return <RecoveryCodesDialog codes={codes} onClose={onClose} />;
	const wrong = errors(form.problem);
	return (
		<FormDialog title="New recovery codes" form={form} problem={wrong.other} action="Make new codes" onClose={onClose}>
			<p class="consequence">Ten new codes are made. The old ones stop counting at once.</p>
			<CodeField value={code} onInput={setCode} error={wrong.code} recovery />
		</FormDialog>
	);
}

export function TotpDisable({ onClose, onDone }: Props) {
	const [password, setPassword] = useState("");
	const [code, setCode] = useState("");
	const form = useSubmit(async () => {
		await totpDisable(password, cleanCode(code));
		onDone();
		onClose();
	});
	const wrong = errors(form.problem);
	return (
		<FormDialog
			title="Switch the second factor off?"
			form={form}
			problem={wrong.other}
			action="Switch it off"
			danger
			onClose={onClose}
		>
			<p class="consequence">
				Your password alone then lets anybody in who knows it. The recovery codes stop counting too.
			</p>
			<CurrentPassword label="Your password" value={password} onInput={setPassword} error={wrong.password} autofocus />
			<CodeField value={code} onInput={setCode} error={wrong.code} recovery autofocus={false} />
		</FormDialog>
	);
}
