import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "./problem.ts";
import type { LiveEvent } from "./types.ts";
import { useLive } from "./useLive.ts";

export interface Loaded<T> {
	/** The newest answer; stays while a newer one is on its way. */
	data: T | null;
	problem: Problem | null;
	loading: boolean;
	/** Asks again without clearing what is shown. */
	reload: () => void;
	/** Lays a change over the answer: live events, the result of an action. */
	change: (update: (data: T) => T) => void;
}

/**
 * Loads when `key` changes, again on `resync`, and never lets an old answer overtake a new one, nor a change that came
 * while the answer was on its way: such changes are laid over the answer too, so they must bear being made twice. A
 * changed key clears the data: what is shown always belongs to the address. `settle` fits a repeated answer into what
 * is shown by then.
 */
export function useLoad<T>(
	key: string,
	load: (signal: AbortSignal) => Promise<T>,
	settle: (shown: T, answer: T) => T = (_, answer) => answer,
): Loaded<T> {
	const [state, setState] = useState<{
		key: string;
		data: T | null;
		problem: Problem | null;
		loading: boolean;
	}>({
		key,
		data: null,
		problem: null,
		loading: true,
	});
	const [generation, setGeneration] = useState(0);
	const latest = useRef(load);
	latest.current = load;
	const latestSettle = useRef(settle);
	latestSettle.current = settle;
	/** Changes since the request that is on its way; null while none is. */
	const overtaking = useRef<((data: T) => T)[] | null>(null);
	// a new generation means to load again
	useEffect(() => {
		const abort = new AbortController();
		overtaking.current = [];
		setState((s) => ({
			key,
			data: s.key === key ? s.data : null,
			problem: s.problem,
			loading: true,
		}));
		latest.current(abort.signal).then(
			(answer) => {
				if (abort.signal.aborted) return;
				const changes = overtaking.current ?? [];
				overtaking.current = null;
				setState((s) => {
					const settled = s.key === key && s.data !== null ? latestSettle.current(s.data, answer) : answer;
					return { key, data: changes.reduce((data, change) => change(data), settled), problem: null, loading: false };
				});
			},
			(error: unknown) => {
				if (abort.signal.aborted) return;
				overtaking.current = null;
				setState((s) => ({ ...s, problem: asProblem(error), loading: false }));
			},
		);
		return () => abort.abort();
	}, [key, generation]);
	const reload = useCallback(() => setGeneration((n) => n + 1), []);
	const change = useCallback((update: (data: T) => T) => {
		overtaking.current?.push(update);
		setState((s) => (s.data === null ? s : { ...s, data: update(s.data) }));
	}, []);
	useLive((events) => {
		if (events.some((e) => e.type === "resync")) reload();
	});
	const current = state.key === key;
	return {
		data: current ? state.data : null,
		problem: state.problem,
		loading: state.loading,
		reload,
		change,
	};
}

/** The newest event of each device, update or release in a batch. */
export function devicesIn(events: LiveEvent[]) {
	return events.flatMap((e) => (e.type === "device" ? [e.device] : []));
}

export function goneIn(events: LiveEvent[]): string[] {
	return events.flatMap((e) => (e.type === "device-gone" ? [e.id] : []));
}

export function updatesIn(events: LiveEvent[]) {
	return events.flatMap((e) => (e.type === "update" ? [e.update] : []));
}

export function hasRelease(events: LiveEvent[]): boolean {
	return events.some((e) => e.type === "release");
}
