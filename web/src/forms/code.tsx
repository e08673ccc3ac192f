import { useState } from "preact/hooks";
import { TextField } from "../ui/field.tsx";

/** Six digits, which people may write with a blank in the middle. */
const DIGITS_MAX = 7;
const RECOVERY_MAX = 16;

/** What is sent for what was typed: no blanks, recovery codes in small letters. */
export function cleanCode(typed: string): string {
	return typed.replace(/\s/g, "").toLowerCase();
}

interface CodeProps {
	value: string;
	onInput: (value: string) => void;
	error: string;
	/** Whether a recovery code does as well. */
	recovery?: boolean;
	hint?: string;
	autofocus?: boolean;
}

/** The code of a second factor, from the app or from the paper. */
export function CodeField({ value, onInput, error, recovery = false, hint, autofocus = true }: CodeProps) {
	const [paper, setPaper] = useState(false);
	const swap = () => {
		onInput("");
		setPaper(!paper);
	};
	return (
		<div class="stack code-field">
			{paper ? (
				<TextField
					key="paper"
					label="Recovery code"
					value={value}
					onInput={onInput}
					autofocus
					mono
					maxLength={RECOVERY_MAX}
					error={error}
					hint="One of the codes that you have kept, such as k7pd-4hqz. Each counts once."
				/>
			) : (
				<TextField
					key="app"
					label="Code"
					value={value}
					onInput={onInput}
					autocomplete="one-time-code"
					autofocus={autofocus}
					digits
					mono
					maxLength={DIGITS_MAX}
					error={error}
					hint={hint ?? "The six digits that your authenticator app shows for otad now."}
				/>
			)}
			{recovery ? (
				<button type="button" class="as-link" onClick={swap}>
					{paper ? "Use the authenticator app" : "The app is not at hand? Use a recovery code"}
				</button>
			) : null}
		</div>
	);
}
