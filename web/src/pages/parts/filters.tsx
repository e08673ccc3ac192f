import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { type Option, Select } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { navigate } from "../../util/location.ts";

const TYPING_MS = 250;

interface Field<K> {
	name: K;
	label: string;
	/** A choice among these, a day, a text, or the page's search, which "/" leads to. */
	kind: Option[] | "day" | "text" | "search";
}

interface Props<K extends string> {
	value: Record<K, string>;
	fields: Field<K>[];
	/** The address of this page under a filter: the filter lives there and nowhere else. */
	path: (filter: Record<K, string>) => string;
	children?: ComponentChildren;
}

/** What a list is narrowed by. Choices count at once, typing after a moment; back and reload bring everything again. */
export function FilterBar<K extends string>({ value, fields, path, children }: Props<K>) {
	const latest = useRef(value);
	latest.current = value;
	const set = (name: K, text: string) => {
		latest.current = { ...latest.current, [name]: text };
		navigate(path(latest.current), true);
	};
	const any = fields.some((f) => value[f.name] !== "");
	const none = Object.fromEntries(Object.keys(value).map((k) => [k, ""])) as Record<K, string>;
	return (
		<search class="filters">
			{fields.map((f) => {
				const shared = { label: f.label, value: value[f.name], onChange: (text: string) => set(f.name, text) };
				if (f.kind === "day") return <DayInput key={f.name} {...shared} />;
				if (f.kind === "text" || f.kind === "search")
					return <TypedInput key={f.name} {...shared} search={f.kind === "search"} />;
				return <Select key={f.name} {...shared} options={f.kind} />;
			})}
			{any ? (
				<Button kind="quiet" icon="cross" onClick={() => navigate(path(none), true)}>
					Clear
				</Button>
			) : null}
			{children ? (
				<>
					<span class="grow" />
					{children}
				</>
			) : null}
		</search>
	);
}

interface InputProps {
	label: string;
	value: string;
	onChange: (text: string) => void;
}

function DayInput({ label, value, onChange }: InputProps) {
	return (
		<label class="filter-day">
			<span>{label}</span>
			<input class="input" type="date" value={value} onChange={(e) => onChange(e.currentTarget.value)} />
		</label>
	);
}

function TypedInput({ label, value, onChange, search }: InputProps & { search: boolean }) {
	const [typed, setTyped] = useState(value);
	const latest = useRef({ value, onChange });
	latest.current = { value, onChange };
	// The address follows the typing after a moment, and the field follows the address (back, links).
	useEffect(() => setTyped(value), [value]);
	useEffect(() => {
		if (typed === latest.current.value) return;
		const timer = setTimeout(() => latest.current.onChange(typed.trim()), TYPING_MS);
		return () => clearTimeout(timer);
	}, [typed]);
	return (
		<div class={search ? "search" : "search filter-text"}>
			<Icon name="search" />
			<input
				id={search ? "search" : undefined}
				class="input"
				type="search"
				aria-label={label}
				placeholder={label}
				value={typed}
				spellcheck={false}
				onInput={(e) => setTyped(e.currentTarget.value)}
			/>
			{search ? <kbd>/</kbd> : null}
		</div>
	);
}

export function platformOptions(platforms: { name: string }[]): Option[] {
	return [{ value: "", label: "All platforms" }, ...platforms.map((p) => ({ value: p.name, label: p.name }))];
}

interface PlatformProps {
	value: string;
	path: (filter: { platform: string }) => string;
	platforms: { name: string }[];
}

/** The bar of a page that is narrowed by platform alone. */
export function PlatformFilter({ value, path, platforms }: PlatformProps) {
	return (
		<FilterBar
			value={{ platform: value }}
			path={path}
			fields={[{ name: "platform", label: "Platform", kind: platformOptions(platforms) }]}
		/>
	);
}

/** "Export" as files of what the filter lets through; plain links, so that the browser saves them. */
export function Exports({ csv, jsonl }: { csv: string; jsonl: string }) {
	return (
		<span class="exports">
			<a class="button" href={csv} download="">
				<Icon name="download" />
				CSV
			</a>
			<a class="button" href={jsonl} download="">
				<Icon name="download" />
				JSON
			</a>
		</span>
	);
}
