import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { devicePage } from "../../api/client.ts";
import { asProblem, type Problem } from "../../api/problem.ts";
import type { Device, List } from "../../api/types.ts";
import { useLive } from "../../api/useLive.ts";
import { devicesIn, goneIn } from "../../api/useLoad.ts";
import { type DeviceFilter, page } from "../../paths.ts";
import { patchBy, uniqueBy } from "../../util/list.ts";

interface DevicesState {
	key: string;
	devices: Device[];
	next: string | null;
	problem: Problem | null;
	loaded: boolean;
	/** Registered since: shown on request, so that nothing moves under the pointer. */
	strangers: Set<string>;
}

const EMPTY: Omit<DevicesState, "key"> = {
	devices: [],
	next: null,
	problem: null,
	loaded: false,
	strangers: new Set(),
};

/** The first pages, until at least `wanted` devices are there: a list loaded again is as long as before. */
async function firstPages(filter: DeviceFilter, wanted: number, signal: AbortSignal): Promise<List<Device>> {
	const items: Device[] = [];
	let next: string | null = null;
	do {
		const list: List<Device> = await devicePage(filter, next, signal);
		items.push(...list.items);
		next = list.next;
	} while (next !== null && items.length < wanted);
	return { items: uniqueBy(items, (d) => d.id), next };
}

/** The filtered list, page by page, kept current in place. */
export function useDevices(filter: DeviceFilter) {
	const key = page.devices(filter);
	const [state, setState] = useState<DevicesState>({ key, ...EMPTY });
	const busy = useRef<AbortController | null>(null);
	/** Changes that came while an answer was on its way, which may be older than they are. */
	const overtaking = useRef<((s: DevicesState) => DevicesState)[]>([]);
	const shown = useRef(0);
	shown.current = state.key === key ? state.devices.length : 0;
	const run = useCallback(async (job: (signal: AbortSignal) => Promise<(s: DevicesState) => DevicesState>) => {
		busy.current?.abort();
		const abort = new AbortController();
		busy.current = abort;
		overtaking.current = [];
		try {
			const change = await job(abort.signal);
			const late = overtaking.current;
			if (!abort.signal.aborted) setState((s) => late.reduce((next, laterChange) => laterChange(next), change(s)));
		} catch (error) {
			if (!abort.signal.aborted) setState((s) => ({ ...s, problem: asProblem(error), loaded: true }));
		} finally {
			if (busy.current === abort) busy.current = null;
		}
	}, []);
	// The key is the filter.
	const reload = useCallback(
		() =>
			run(async (signal) => {
				const list = await firstPages(filter, shown.current, signal);
				return () => ({ ...EMPTY, key, devices: list.items, next: list.next, loaded: true });
			}),
		[key, run],
	);
	const more = useCallback(() => {
		const after = state.next;
		if (after === null || busy.current !== null || state.problem !== null) return;
		void run(async (signal) => {
			const list = await devicePage(filter, after, signal);
			return (s) => ({ ...s, devices: uniqueBy([...s.devices, ...list.items], (d) => d.id), next: list.next });
		});
	}, [state.next, state.problem, key, run]);
	useEffect(() => {
		setState((s) => (s.key === key ? s : { key, ...EMPTY }));
		void reload();
		return () => busy.current?.abort();
	}, [key, reload]);
	useLive((events) => {
		if (events.some((e) => e.type === "resync")) void reload();
		const changes = devicesIn(events);
		const gone = goneIn(events);
		if (changes.length === 0 && gone.length === 0) return;
		const change = (s: DevicesState) => patched(s, changes, gone, filter);
		if (busy.current !== null) overtaking.current.push(change);
		setState(change);
	});
	return { ...state, more, reload: () => void reload() };
}

function patched(s: DevicesState, changes: Device[], gone: string[], filter: DeviceFilter): DevicesState {
	const left = new Set(gone);
	const kept = s.devices.filter((d) => !left.has(d.id));
	const { items, strangers } = patchBy(kept, changes, (d) => d.id);
	// Further down in a list that is not loaded to its end, a stranger may be no stranger.
	const fresh = s.next === null ? strangers.filter((d) => fits(d, filter)).map((d) => d.id) : [];
	return { ...s, devices: items, strangers: fresh.length > 0 ? new Set([...s.strangers, ...fresh]) : s.strangers };
}

function fits(device: Device, filter: DeviceFilter): boolean {
	return (
		(!filter.platform || device.platform === filter.platform) &&
		(!filter.state || device.state === filter.state) &&
		(!filter.stale || String(device.stale !== null) === filter.stale) &&
		!filter.q
	);
}
