import { useState } from "preact/hooks";
import { CheckField, TextField } from "../ui/field.tsx";

export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;

interface NewPasswordProps {
	label?: string;
	value: string;
	onInput: (value: string) => void;
	error: string;
	autofocus?: boolean;
}

/** A password that is chosen now; it can be looked at instead of being typed twice. */
export function NewPassword({ label = "Password", value, onInput, error, autofocus = false }: NewPasswordProps) {
	const [shown, setShown] = useState(false);
	return (
		<div class="stack">
			<TextField
				label={label}
				type={shown ? "text" : "password"}
				value={value}
				onInput={onInput}
				autocomplete="new-password"
				autofocus={autofocus}
				minLength={PASSWORD_MIN}
				maxLength={PASSWORD_MAX}
				error={error}
				hint={`At least ${PASSWORD_MIN} characters. A few words are easier to keep than symbols.`}
			/>
			<CheckField label="Show the password" checked={shown} onChange={setShown} />
		</div>
	);
}

interface CurrentPasswordProps {
	label?: string;
	value: string;
	onInput: (value: string) => void;
	error?: string;
	autofocus?: boolean;
}

export function CurrentPassword({
	label = "Password",
	value,
	onInput,
	error = "",
	autofocus = false,
}: CurrentPasswordProps) {
	return (
		<TextField
			label={label}
			type="password"
			value={value}
			onInput={onInput}
			autocomplete="current-password"
			autofocus={autofocus}
			maxLength={PASSWORD_MAX}
			error={error}
		/>
	);
}
