import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Live, LiveStatus } from "./live.ts";
import type { LiveEvent } from "./types.ts";

export const LiveContext = createContext<Live | null>(null);

/** Calls the newest `handler` with each batch of events while the component is mounted. */
export function useLive(handler: (events: LiveEvent[]) => void): void {
	const live = useContext(LiveContext);
	const latest = useRef(handler);
	latest.current = handler;
	useEffect(() => live?.onEvents((events) => latest.current(events)), [live]);
}

export function useLiveStatus(): LiveStatus {
	const live = useContext(LiveContext);
	const [status, setStatus] = useState<LiveStatus>(live?.status ?? { state: "connecting", current_at_ms: Date.now() });
	useEffect(() => {
		if (!live) return;
		setStatus(live.status);
		return live.onStatus(setStatus);
	}, [live]);
	return status;
}
