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

interface CopyProps {
	text: string;
	label: string;
	/** A button with a word on it, where copying is what people come for. */
	worded?: boolean;
}

export function CopyButton({ text, label, worded = false }: CopyProps) {
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
			class={worded ? "button" : `copy ${outcome}`}
			aria-label={`Copy ${label}`}
			title={said || `Copy ${label}`}
			onClick={copy}
		>
			<Icon name={outcome === "done" ? "check" : outcome === "failed" ? "cross" : "copy"} size={worded ? 16 : 14} />
			{worded ? "Copy" : null}
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
	/** What is copied when that is not what is read. */
	copied?: string;
}

/** A long value in a fixed-width face with a copy button. */
export function Value({ text, label, short, copied = text }: ValueProps) {
	const cut = short !== undefined && text.length > short;
	return (
		<span class="value">
			<code title={cut ? text : undefined}>{cut ? `${text.slice(0, short)}…` : text}</code>
			<CopyButton text={copied} label={label} />
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
