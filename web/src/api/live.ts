import { api } from "../paths.ts";
import { StreamParser } from "../util/sse.ts";
import { openStream } from "./http.ts";
import { Problem } from "./problem.ts";
import type { Device, LiveEvent, ReleaseNotice, Update } from "./types.ts";

/**
 * Server-sent events, one connection a browser: HTTP/1.1 allows six connections to a host, so the tab that holds a
 * Web Lock reads the stream and tells the others through a BroadcastChannel. Events are delivered in batches, at most
 * one batch every BATCH_MS, so that a busy fleet costs a page one rendering and not thousands.
 */

export type LiveState = "connecting" | "live" | "reconnecting";

export interface LiveStatus {
	state: LiveState;
	/** When the page last knew that it was current, in Unix milliseconds. */
	current_at_ms: number;
}

/** What a tab tells the others. `hello` asks the reader for its status. */
type Message = { kind: "events"; events: LiveEvent[] } | { kind: "status"; status: LiveStatus } | { kind: "hello" };

const LOCK = "otad-events";
const BATCH_MS = 100;
/** The server sends at least a comment every 15 s; two missing ones and some patience mean a dead connection. */
const SILENCE_MS = 40_000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;
/** From here on a page says since when it has not been current. */
export const STALE_AFTER_MS = 20_000;

/** What an event says; null for a kind that this page does not know and for data that cannot be read. */
export function parseEvent(type: string, data: string): LiveEvent | null {
	try {
		return readEvent(type, data);
	} catch {
		return null;
	}
}

function readEvent(type: string, data: string): LiveEvent | null {
	switch (type) {
		case "device":
			return { type, device: JSON.parse(data) as Device };
		case "device-gone":
			return { type, id: (JSON.parse(data) as { id: string }).id };
		case "update":
			return { type, update: JSON.parse(data) as Update };
		case "release":
			return { type, release: JSON.parse(data) as ReleaseNotice };
		case "resync":
			return { type };
		default:
			return null;
	}
}

export class Live {
	#status: LiveStatus = { state: "connecting", current_at_ms: Date.now() };
	#eventListeners = new Set<(events: LiveEvent[]) => void>();
	#statusListeners = new Set<(status: LiveStatus) => void>();
	#channel = new BroadcastChannel(LOCK);
	#stop = new AbortController();
	#pending: LiveEvent[] = [];
	#flushTimer = 0;
	#lastId = "";
	#reading = false;
	#retry = new AbortController();
	#retryNow = () => this.#retry.abort();

	/** Starts reading, or listening to the tab that reads. Call `stop` when the session ends. */
	start(): void {
		this.#channel.onmessage = (e: MessageEvent<Message>) => this.#heard(e.data);
		this.#channel.postMessage({ kind: "hello" } satisfies Message);
		const signal = this.#stop.signal;
		addEventListener("online", this.#retryNow, { signal });
		document.addEventListener("visibilitychange", this.#retryNow, { signal });
		navigator.locks.request(LOCK, { signal }, () => this.#read(signal)).catch(() => undefined);
	}

	stop(): void {
		this.#stop.abort();
		this.#channel.close();
		clearTimeout(this.#flushTimer);
	}

	/** Does not wait for the next try: somebody has signed in again. */
	retryNow(): void {
		this.#retryNow();
	}

	get status(): LiveStatus {
		return this.#status;
	}

	onEvents(listener: (events: LiveEvent[]) => void): () => void {
		this.#eventListeners.add(listener);
		return () => this.#eventListeners.delete(listener);
	}

	onStatus(listener: (status: LiveStatus) => void): () => void {
		this.#statusListeners.add(listener);
		return () => this.#statusListeners.delete(listener);
	}

	#heard(message: Message): void {
		switch (message.kind) {
			case "events":
				this.#deliver(message.events);
				break;
			case "status":
				this.#setStatus(message.status);
				break;
			case "hello":
				// Only the reading tab knows.
				if (this.#reading) this.#channel.postMessage({ kind: "status", status: this.#status } satisfies Message);
				break;
		}
	}

	async #read(signal: AbortSignal): Promise<void> {
		this.#reading = true;
		let wait = RETRY_FIRST_MS;
		while (!signal.aborted) {
			const startedLive = await this.#readOnce(signal);
			if (signal.aborted) return;
			this.#lost();
			wait = startedLive ? RETRY_FIRST_MS : Math.min(wait * 2, RETRY_MAX_MS);
			this.#retry = new AbortController();
			await pause(wait * (0.5 + Math.random()), AbortSignal.any([signal, this.#retry.signal]));
		}
	}

	/** One connection from open to end; true when it was ever open. */
	async #readOnce(signal: AbortSignal): Promise<boolean> {
		const silence = new AbortController();
		const parser = new StreamParser();
		parser.lastId = this.#lastId;
		let timer = setTimeout(() => silence.abort(), SILENCE_MS);
		let opened = false;
		try {
			const stream = await openStream(api.events(), this.#lastId, AbortSignal.any([signal, silence.signal]));
			opened = true;
			this.#tellStatus({ state: "live", current_at_ms: Date.now() });
			// Without an id the server cannot tell what was missed between loading a page and now: load again.
			if (this.#lastId === "") this.#queue({ type: "resync" });
			const reader = stream.getReader();
			for (let part = await reader.read(); !part.done; part = await reader.read()) {
				clearTimeout(timer);
				timer = setTimeout(() => silence.abort(), SILENCE_MS);
				for (const event of parser.push(part.value)) {
					const parsed = parseEvent(event.type, event.data);
					if (parsed) this.#queue(parsed);
				}
				this.#lastId = parser.lastId;
			}
		} catch (error) {
			if (error instanceof Problem && error.status === 401) this.#lastId = "";
		} finally {
			clearTimeout(timer);
		}
		return opened;
	}

	#lost(): void {
		const { state, current_at_ms } = this.#status;
		this.#tellStatus({ state: "reconnecting", current_at_ms: state === "live" ? Date.now() : current_at_ms });
	}

	#queue(event: LiveEvent): void {
		this.#pending.push(event);
		if (this.#flushTimer === 0) this.#flushTimer = setTimeout(() => this.#flush(), BATCH_MS) as unknown as number;
	}

	#flush(): void {
		this.#flushTimer = 0;
		const events = this.#pending;
		this.#pending = [];
		this.#channel.postMessage({ kind: "events", events } satisfies Message);
		this.#deliver(events);
	}

	#deliver(events: LiveEvent[]): void {
		for (const listener of this.#eventListeners) listener(events);
	}

	#tellStatus(status: LiveStatus): void {
		this.#channel.postMessage({ kind: "status", status } satisfies Message);
		this.#setStatus(status);
	}

	#setStatus(status: LiveStatus): void {
		this.#status = status;
		for (const listener of this.#statusListeners) listener(status);
	}
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		const end = () => {
			clearTimeout(timer);
			resolve();
		};
		signal.addEventListener("abort", end, { once: true });
	});
}
