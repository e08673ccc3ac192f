import type { ComponentChildren, JSX } from "preact";

/** The colour of a state. */
export type Tone = "ok" | "warn" | "bad" | "accent" | "idle";

/** The shape of a state: told apart without colour, at 14 px. */
export type Shape =
	| "disc"
	| "half"
	| "ring"
	| "dash"
	| "check"
	| "cross"
	| "down"
	| "into"
	| "turn"
	| "stop"
	| "seal"
	| "clock";

function drawing(shape: Shape): JSX.Element {
	switch (shape) {
		case "disc":
			return <circle class="fill" cx="8" cy="8" r="5" />;
		case "half":
			return (
				<>
					<circle cx="8" cy="8" r="5" />
					<path class="fill" d="M8 3a5 5 0 0 0 0 10z" />
				</>
			);
		case "ring":
			return <circle cx="8" cy="8" r="5" />;
		case "dash":
			return <circle cx="8" cy="8" r="5.2" stroke-dasharray="2.4 2.2" />;
		case "clock":
			return (
				<>
					<circle cx="8" cy="8" r="6" />
					<path d="M8 5v3l2 1.4" />
				</>
			);
		case "check":
			return (
				<>
					<circle class="fill" cx="8" cy="8" r="7" />
					<path class="cut" d="m4.8 8.3 2.2 2.2 4.2-4.6" />
				</>
			);
		case "cross":
			return (
				<>
					<path class="fill" d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" />
					<path class="cut" d="m5.5 5.5 5 5M10.5 5.5l-5 5" />
				</>
			);
		case "down":
			return (
				<>
					<circle cx="8" cy="8" r="6.2" />
					<path d="M8 4.8v6M5.4 8.4 8 11l2.6-2.6" />
				</>
			);
		case "into":
			return <path d="M8 2v7.4M4.8 6.4 8 9.6l3.2-3.2M3 13h10" />;
		case "turn":
			return <path d="M13.4 8A5.4 5.4 0 1 1 11 3.5M11.4 1.4v2.6H8.8" />;
		case "stop":
			return (
				<>
					<circle cx="8" cy="8" r="6" />
					<path d="M3.8 3.8l8.4 8.4" />
				</>
			);
		case "seal":
			return (
				<>
					<path class="fill" d="M8 1 14.2 4.5v7L8 15 1.8 11.5v-7z" />
					<path class="cut" d="m5 8.2 2.1 2.1 4-4.3" />
				</>
			);
	}
}

interface MarkProps {
	shape: Shape;
	tone: Tone;
	/** Moves slowly while something is going on; still under prefers-reduced-motion. */
	busy?: boolean;
	children: ComponentChildren;
}

/** A state in a word, a colour and a shape. */
export function Mark({ shape, tone, busy = false, children }: MarkProps) {
	return (
		<span class={`mark tone-${tone}`}>
			<svg class={busy ? "busy" : undefined} width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
				{drawing(shape)}
			</svg>
			<span class="mark-word">{children}</span>
		</span>
	);
}
