import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Common {
	label: string;
	hint?: ComponentChildren;
	/** What the server or the form finds wrong with this field. */
	error?: string;
	required?: boolean;
}

interface ShellProps extends Common {
	id: string;
	children: ComponentChildren;
}

function describedBy(id: string, { hint, error }: Common): string | undefined {
	const ids = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter((x) => x !== "");
	return ids.length > 0 ? ids.join(" ") : undefined;
}

function Shell({ id, label, hint, error, required, children }: ShellProps) {
	return (
		<div class={error ? "field wrong" : "field"}>
			<label for={id}>
				{label}
				{required === false ? <span class="muted"> (optional)</span> : null}
			</label>
			{children}
			{error ? (
				<p class="field-error" id={`${id}-error`}>
					{error}
				</p>
			) : null}
			{hint ? (
				<p class="field-hint" id={`${id}-hint`}>
					{hint}
				</p>
			) : null}
		</div>
	);
}

interface TextProps extends Common {
	value: string;
	onInput: (value: string) => void;
	type?: "text" | "password";
	autocomplete?: string;
	autofocus?: boolean;
	minLength?: number;
	maxLength?: number;
	/** A regular expression for the whole text, by the v flag. */
	pattern?: string;
	placeholder?: string;
	mono?: boolean;
	rows?: number;
	/** Digits: the keyboard of a phone shows those. */
	digits?: boolean;
	/** Shown but not to be changed; password managers read it. */
	fixed?: boolean;
}

export function TextField(props: TextProps) {
	const id = useId();
	const field = useRef<HTMLInputElement>(null);
	// The attribute counts for a page that loads and a dialog that opens; this for a field that appears later.
	useLayoutEffect(() => {
		if (props.autofocus) field.current?.focus();
	}, [props.autofocus]);
	const kind = props.type === "password" ? ({ type: "password" } as const) : ({ type: "text" } as const);
	const shared = {
		id,
		class: props.mono ? "input mono" : "input",
		value: props.value,
		required: props.required !== false,
		placeholder: props.placeholder,
		"aria-invalid": props.error ? true : undefined,
		"aria-describedby": describedBy(id, props),
		autocomplete: props.autocomplete ?? "off",
		spellcheck: false,
		readOnly: props.fixed,
	} as const;
	return (
		<Shell {...props} id={id}>
			{props.rows ? (
				<textarea {...shared} rows={props.rows} onInput={(e) => props.onInput(e.currentTarget.value)} />
			) : (
				<input
					{...shared}
					{...kind}
					ref={field}
					inputMode={props.digits ? "numeric" : undefined}
					minLength={props.minLength}
					maxLength={props.maxLength}
					pattern={props.pattern}
					// biome-ignore lint/a11y/noAutofocus: where a dialog or a sign-in begins, as its caller says
					autoFocus={props.autofocus}
					onInput={(e) => props.onInput(e.currentTarget.value)}
				/>
			)}
		</Shell>
	);
}

export interface Option {
	value: string;
	label: string;
	disabled?: boolean;
}

interface SelectProps extends Common {
	value: string;
	options: Option[];
	onChange: (value: string) => void;
}

export function SelectField(props: SelectProps) {
	const id = useId();
	return (
		<Shell {...props} id={id}>
			<Select
				id={id}
				value={props.value}
				options={props.options}
				onChange={props.onChange}
				describedBy={describedBy(id, props)}
			/>
		</Shell>
	);
}

interface BareSelectProps {
	id?: string;
	label?: string;
	value: string;
	options: Option[];
	onChange: (value: string) => void;
	describedBy?: string | undefined;
}

export function Select({ id, label, value, options, onChange, describedBy: by }: BareSelectProps) {
	return (
		<select
			id={id}
			class="input select"
			aria-label={label}
			aria-describedby={by}
			value={value}
			onChange={(e) => onChange(e.currentTarget.value)}
		>
			{options.map((o) => (
				<option key={o.value} value={o.value} disabled={o.disabled} selected={o.value === value}>
					{o.label}
				</option>
			))}
		</select>
	);
}

interface CheckProps {
	label: ComponentChildren;
	hint?: ComponentChildren;
	checked: boolean;
	onChange: (checked: boolean) => void;
	disabled?: boolean;
}

export function CheckField({ label, hint, checked, onChange, disabled }: CheckProps) {
	const id = useId();
	return (
		<div class="check">
			<input
				id={id}
				type="checkbox"
				checked={checked}
				disabled={disabled}
				aria-describedby={hint ? `${id}-hint` : undefined}
				onChange={(e) => onChange(e.currentTarget.checked)}
			/>
			<div>
				<label for={id}>{label}</label>
				{hint ? (
					<p class="field-hint" id={`${id}-hint`}>
						{hint}
					</p>
				) : null}
			</div>
		</div>
	);
}

interface ChoiceProps {
	label: string;
	value: string;
	options: { value: string; label: ComponentChildren }[];
	onChange: (value: string) => void;
}

/** A row of exclusive choices: radio buttons that look like one control. */
export function Choice({ label, value, options, onChange }: ChoiceProps) {
	const name = useId();
	return (
		<fieldset class="choice">
			<legend class="sr">{label}</legend>
			{options.map((o) => (
				<label key={o.value} class={o.value === value ? "on" : ""}>
					<input
						type="radio"
						name={name}
						value={o.value}
						checked={o.value === value}
						onChange={() => onChange(o.value)}
					/>
					{o.label}
				</label>
			))}
		</fieldset>
	);
}

interface SwitchProps {
	/** What is so when it is on. */
	label: string;
	hint?: ComponentChildren;
	on: boolean;
	/** Asks for the other state; what is shown follows `on`, which follows the server. */
	onAsk: () => void;
}

/** Something that is so or not, changed by itself and at once: no form around it. */
export function Switch({ label, hint, on, onAsk }: SwitchProps) {
	const id = useId();
	return (
		<div class="check">
			<button
				id={id}
				type="button"
				class="switch"
				role="switch"
				aria-checked={on}
				aria-label={label}
				aria-describedby={hint ? `${id}-hint` : undefined}
				onClick={onAsk}
			/>
			<div>
				<label for={id}>{label}</label>
				{hint ? (
					<p class="field-hint" id={`${id}-hint`}>
						{hint}
					</p>
				) : null}
			</div>
		</div>
	);
}
