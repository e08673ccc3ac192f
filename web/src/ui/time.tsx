import { useEffect, useState } from "preact/hooks";
import { absolute, instant, relative } from "../util/time.ts";

const TICK_MS = 5000;
const listeners = new Set<(now: number) => void>();
let timer = 0;

function subscribe(listener: (now: number) => void): () => void {
	listeners.add(listener);
	if (timer === 0) {
		timer = setInterval(() => {
			for (const l of listeners) l(Date.now());
		}, TICK_MS) as unknown as number;
	}
	return () => {
		listeners.delete(listener);
		if (listeners.size === 0) {
			clearInterval(timer);
			timer = 0;
		}
	};
}

/** The time, renewed every five seconds by one timer for the whole page. */
export function useNow(): number {
	const [now, setNow] = useState(Date.now);
	useEffect(() => subscribe(setNow), []);
	return now;
}

interface TimeProps {
	at: string | null;
	/** Text for "not yet". */
	none?: string;
	/** Reachable by keyboard, so that the absolute time shows on focus. Off in long tables, whose rows show it. */
	focusable?: boolean;
}

/** "3 min ago"; local and UTC time on hover and on focus. */
export function Time({ at, none = "–", focusable = false }: TimeProps) {
	const now = useNow();
	if (at === null) return <span class="muted">{none}</span>;
	const ms = instant(at);
	const full = absolute(ms);
	return (
		// Focusable though not interactive: the absolute time must be readable without a pointer
		<time class="time" dateTime={at} data-absolute={full} tabIndex={focusable ? 0 : undefined}>
			{relative(ms, now)}
			<span class="sr">, {full}</span>
		</time>
	);
}
