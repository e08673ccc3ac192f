import { Button } from "../ui/button.tsx";
import { Command, CopyButton } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";

interface SecretProps {
	title: string;
	label: string;
	secret: string;
	/** How it is used, as a command with the secret's place named. */
	example: string;
	onClose: () => void;
}

/** A secret that the server will never show again: closed only on purpose. */
export function SecretDialog({ title, label, secret, example, onClose }: SecretProps) {
	return (
		<Dialog title={title} onClose={onClose} firm>
			<div class="form">
				<p>
					Copy it now: only a hash is stored, so <strong>it cannot be shown again</strong>.
				</p>
				<div class="secret">
					<code>{secret}</code>
					<CopyButton text={secret} label={label} />
				</div>
				<div class="stack">
					<p class="muted small">How it is used</p>
					<Command text={example} />
				</div>
				<div class="form-end">
					<Button kind="primary" onClick={onClose}>
						I have stored it
					</Button>
				</div>
			</div>
		</Dialog>
	);
}
