import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface NoticeProps {
	tone: "bad" | "warn" | "info" | "ok";
	title: string;
	children?: ComponentChildren;
	action?: ComponentChildren;
}

const NOTICE_ICON: Record<NoticeProps["tone"], IconName> = {
	bad: "warning",
	warn: "warning",
	info: "info",
	ok: "check",
};

/** A message in the flow of the page; a bad one is announced. */
export function Notice({ tone, title, children, action }: NoticeProps) {
	return (
		<div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
			<Icon name={NOTICE_ICON[tone]} />
			<div class="grow">
				<strong>{title}</strong>
				{children ? <div class="notice-text">{children}</div> : null}
			</div>
			{action}
		</div>
	);
}

interface EmptyProps {
	icon: IconName;
	title: string;
	children?: ComponentChildren;
	action?: ComponentChildren;
}

/** Says what would be here, and the next step that brings it here. */
export function Empty({ icon, title, children, action }: EmptyProps) {
	return (
		<div class="empty">
			<span class="empty-icon">
				<Icon name={icon} size={20} />
			</span>
			<h2>{title}</h2>
			{children ? <div class="empty-text">{children}</div> : null}
			{action ? <div class="row">{action}</div> : null}
		</div>
	);
}

/** Grey bars in the place of rows that are on their way. */
export function Loading({ rows = 3 }: { rows?: number }) {
	return (
		<div class="loading" role="status">
			<span class="sr">Loading</span>
			{Array.from({ length: rows }, (_, i) => (
				<span key={i} class="loading-row" />
			))}
		</div>
	);
}

interface BarProps {
	/** 0 to 100, or null when unknown. */
	percent: number | null;
	label: string;
}

export function ProgressBar({ percent, label }: BarProps) {
	const known = percent !== null;
	return (
		<span
			class={known ? "bar" : "bar unknown"}
			role="progressbar"
			aria-label={label}
			aria-valuemin={0}
			aria-valuemax={100}
			aria-valuenow={known ? percent : undefined}
		>
			<span class="bar-fill" style={known ? { width: `${percent}%` } : undefined} />
		</span>
	);
}
