import { Command, CopyButton } from "../ui/copy.tsx";
import { OnceDialog } from "./dialog.tsx";

/** What has to be copied now or never. */
export function Secret({ text, label }: { text: string; label: string }) {
	return (
		<div class="secret">
			<code>{text}</code>
			<CopyButton text={text} label={label} />
		</div>
	);
}

interface SecretProps {
	title: string;
	label: string;
	secret: string;
	/** How it is used, as a command with the secret's place named. */
	example: string;
	onClose: () => void;
}

/** A secret that the server will never show again. */
export function SecretDialog({ title, label, secret, example, onClose }: SecretProps) {
	return (
		<OnceDialog title={title} done="I have stored it" onClose={onClose}>
			<p>
				Copy it now: only a hash is stored, so <strong>it cannot be shown again</strong>.
			</p>
			<Secret text={secret} label={label} />
			<div class="stack">
				<p class="muted small">How it is used</p>
				<Command text={example} />
			</div>
		</OnceDialog>
	);
}
