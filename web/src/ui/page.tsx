import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface HeadProps {
	title: string;
	/** The browser tab's title when it must say more than the heading. */
	documentTitle?: string;
	above?: ComponentChildren;
	beside?: ComponentChildren;
	actions?: ComponentChildren;
}

let first = true;

/** A page's heading: names the browser tab and takes the focus when somebody navigates here. */
export function PageHead({ title, documentTitle, above, beside, actions }: HeadProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${documentTitle ?? title}`;
	}, [title, documentTitle]);
	useEffect(() => {
		if (!first) heading.current?.focus({ preventScroll: true });
		if (!first) scrollTo(0, 0);
		first = false;
	}, []);
	return (
		<header class="page-head">
			{above}
			<div class="page-line">
				<h1 ref={heading} tabIndex={-1}>
					{title}
				</h1>
				{beside}
				<span class="grow" />
				{actions ? <div class="page-actions">{actions}</div> : null}
			</div>
		</header>
	);
}

interface PanelProps {
	title?: ComponentChildren;
	beside?: ComponentChildren;
	children: ComponentChildren;
	/** Content reaches the edges: tables and lists. */
	flush?: boolean;
}

export function Panel({ title, beside, children, flush = false }: PanelProps) {
	return (
		<section class={flush ? "panel flush" : "panel"}>
			{title ? (
				<header class="panel-head">
					<h2>{title}</h2>
					<span class="grow" />
					{beside}
				</header>
			) : null}
			{children}
		</section>
	);
}

interface Fact {
	label: string;
	value: ComponentChildren;
}

/** Label and value pairs on a grid. */
export function Facts({ facts }: { facts: (Fact | null)[] }) {
	return (
		<dl class="facts">
			{facts
				.filter((f) => f !== null)
				.map((f) => (
					<div key={f.label} class="fact">
						<dt>{f.label}</dt>
						<dd>{f.value}</dd>
					</div>
				))}
		</dl>
	);
}
