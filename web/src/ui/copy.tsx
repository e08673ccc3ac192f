import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1500;

async function toClipboard(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return false;
	}
}

type Outcome = "" | "done" | "failed";

export function CopyButton({ text, label }: { text: string; label: string }) {
	const [outcome, setOutcome] = useState<Outcome>("");
	useEffect(() => {
		if (outcome === "") return;
		const timer = setTimeout(() => setOutcome(""), SHOWN_MS);
		return () => clearTimeout(timer);
	}, [outcome]);
	const copy = async () => setOutcome((await toClipboard(text)) ? "done" : "failed");
	const said = outcome === "done" ? "Copied" : outcome === "failed" ? "Copying was not allowed" : "";
	return (
		<button
			type="button"
			class={`copy ${outcome}`}
			aria-label={`Copy ${label}`}
			title={said || `Copy ${label}`}
			onClick={copy}
		>
			<Icon name={outcome === "done" ? "check" : outcome === "failed" ? "cross" : "copy"} size={14} />
			<span class="sr" role="status">
				{said}
			</span>
		</button>
	);
}

interface ValueProps {
	text: string;
	label: string;
	/** Shows only the first characters; copy gives all. */
	short?: number;
}

/** A long value in a fixed-width face with a copy button. */
export function Value({ text, label, short }: ValueProps) {
	const cut = short !== undefined && text.length > short;
	return (
		<span class="value">
			<code title={cut ? text : undefined}>{cut ? `${text.slice(0, short)}…` : text}</code>
			<CopyButton text={text} label={label} />
		</span>
	);
}

/** A command to run elsewhere. */
export function Command({ text }: { text: string }) {
	return (
		<div class="command">
			<pre>{text}</pre>
			<CopyButton text={text} label="command" />
		</div>
	);
}
