import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "./problem.ts";
import type { List } from "./types.ts";
import { useLive } from "./useLive.ts";

export interface Paged<T> {
	items: T[];
	/** Whether there are more. */
	more: boolean;
	/** Whether the first page is there. */
	loaded: boolean;
	loading: boolean;
	problem: Problem | null;
	loadMore: () => void;
	reload: () => void;
	/** Lays a change over what is shown: live events, the result of an action. */
	change: (update: (items: T[]) => T[]) => void;
}

interface State<T> {
	key: string;
	items: T[];
	next: string | null;
	loaded: boolean;
	loading: boolean;
	problem: Problem | null;
}

const blank = <T>(key: string): State<T> => ({
	key,
	items: [],
	next: null,
	loaded: false,
	loading: true,
	problem: null,
});

/**
 * A list page by page. What is shown belongs to `key`; a changed key begins again, and an old answer never overtakes a
 * new one. Rows are only ever added at the end: nothing moves under the pointer.
 */
export function usePaged<T>(
	key: string,
	load: (after: string | null, signal: AbortSignal) => Promise<List<T>>,
): Paged<T> {
	const [state, setState] = useState<State<T>>(() => blank(key));
	const [generation, setGeneration] = useState(0);
	const latest = useRef(load);
	latest.current = load;
	const busy = useRef<AbortController | null>(null);
	const run = useCallback((after: string | null, forKey: string) => {
		busy.current?.abort();
		const abort = new AbortController();
		busy.current = abort;
		setState((s) => (s.key === forKey ? { ...s, loading: true } : blank(forKey)));
		latest
			.current(after, abort.signal)
			.then(
				(list) =>
					!abort.signal.aborted &&
					setState((s) => ({
						key: forKey,
						items: after === null ? list.items : [...s.items, ...list.items],
						next: list.next,
						loaded: true,
						loading: false,
						problem: null,
					})),
				(error: unknown) =>
					!abort.signal.aborted && setState((s) => ({ ...s, loading: false, problem: asProblem(error) })),
			)
			.finally(() => {
				if (busy.current === abort) busy.current = null;
			});
		return abort;
	}, []);
	// a new generation means to begin again
	useEffect(() => {
		const abort = run(null, key);
		return () => abort.abort();
	}, [key, generation, run]);
	const reload = useCallback(() => setGeneration((n) => n + 1), []);
	const change = useCallback((update: (items: T[]) => T[]) => setState((s) => ({ ...s, items: update(s.items) })), []);
	const current = state.key === key ? state : blank<T>(key);
	const loadMore = () => {
		if (current.next !== null && busy.current === null && current.problem === null) run(current.next, key);
	};
	useLive((events) => {
		if (events.some((e) => e.type === "resync")) reload();
	});
	return { ...current, more: current.next !== null, loadMore, reload, change };
}
