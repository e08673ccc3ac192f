import type { ComponentChildren } from "preact";
import { isPlainClick, navigate } from "../util/location.ts";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
	children?: ComponentChildren;
	icon?: IconName;
	kind?: "plain" | "primary" | "danger" | "quiet";
	type?: "button" | "submit";
	/** Shows that work goes on and takes no further click. */
	busy?: boolean;
	/** Why it cannot be used now; it stays reachable so that the reason can be read. */
	denied?: string;
	/** The accessible name of a button without text. */
	label?: string;
	onClick?: (event: MouseEvent) => void;
	id?: string;
	popovertarget?: string;
	class?: string;
}

export function Button(props: ButtonProps) {
	const { children, icon, kind = "plain", type = "button", busy = false, denied = "", label, onClick } = props;
	const off = busy || denied !== "";
	const click = (event: MouseEvent) => {
		if (off) event.preventDefault();
		else onClick?.(event);
	};
	return (
		<button
			id={props.id}
			type={type}
			class={`button ${kind} ${children === undefined ? "only-icon" : ""} ${props.class ?? ""}`}
			aria-disabled={off ? "true" : undefined}
			aria-busy={busy ? "true" : undefined}
			aria-label={label}
			title={denied || (children === undefined ? label : undefined)}
			popovertarget={props.popovertarget}
			onClick={click}
		>
			{busy ? <span class="spinner" /> : icon ? <Icon name={icon} /> : null}
			{children}
			{denied ? <span class="sr">({denied})</span> : null}
		</button>
	);
}

interface LinkProps {
	href: string;
	children: ComponentChildren;
	class?: string;
	current?: boolean;
	onClick?: () => void;
}

/** A link inside this application: no page load, but a real address for every other way of opening it. */
export function Link({ href, children, class: className, current, onClick }: LinkProps) {
	const click = (event: MouseEvent) => {
		if (!isPlainClick(event)) return;
		event.preventDefault();
		navigate(href);
		onClick?.();
	};
	return (
		<a href={href} class={className} aria-current={current ? "page" : undefined} onClick={click}>
			{children}
		</a>
	);
}
