import { Problem } from "./problem.ts";

/**
 * The only file that talks to the network. Adds the CSRF token, turns failures into Problems, and on 401 asks for a
 * new sign-in and repeats the request, so that no form loses its content.
 */

let csrfToken = "";
let signInAgain: (() => Promise<boolean>) | null = null;
let renewToken: (() => Promise<unknown>) | null = null;

export function setCsrfToken(token: string): void {
	csrfToken = token;
}

/** `ask` resolves to true when the person has signed in again, to false when not. */
export function onSessionLost(ask: (() => Promise<boolean>) | null): void {
	signInAgain = ask;
}

/** `renew` asks for the session's token anew: another tab may have signed in again since. */
export function onTokenStale(renew: (() => Promise<unknown>) | null): void {
	renewToken = renew;
}

export interface RequestOptions {
	/** A JSON body; a Blob or a buffer goes as it is. */
	body?: unknown;
	/** What a Blob or a buffer is; bytes unless said. */
	type?: string;
	signal?: AbortSignal | undefined;
	/** Do not ask for a new sign-in on 401: used by the session's own requests. */
	anonymous?: boolean;
}

function isRaw(body: unknown): body is Blob | ArrayBuffer {
	return body instanceof Blob || body instanceof ArrayBuffer;
}

function headersFor(method: string, { body, type }: RequestOptions): Record<string, string> {
	const headers: Record<string, string> = { Accept: "application/json" };
	if (body !== undefined)
		headers["Content-Type"] = isRaw(body) ? (type ?? "application/octet-stream") : "application/json";
	if (method !== "GET" && csrfToken !== "") headers["X-CSRF-Token"] = csrfToken;
	return headers;
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
	const { body, signal } = options;
	try {
		return await fetch(path, {
			method,
			headers: headersFor(method, options),
			body: body === undefined ? null : isRaw(body) ? body : JSON.stringify(body),
			signal: signal ?? null,
			credentials: "same-origin",
			cache: "no-store",
		});
	} catch (error) {
		if (signal?.aborted) throw error;
		throw Problem.network();
	}
}

function parseDocument(text: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}

/** Whether the cause of a refusal has been removed, so that the same request may be sent once more. */
async function mended(status: number, document: Record<string, unknown>): Promise<boolean> {
	if (status === 401 && signInAgain !== null) return signInAgain();
	if (status !== 403 || document.code !== "cross-site" || renewToken === null) return false;
	const before = csrfToken;
	await renewToken();
	return csrfToken !== before;
}

/** The answer's JSON as T; the server's contract, asserted by its tests and ours on the same golden documents. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
	let response = await send(method, path, options);
	let text = await response.text();
	if (!response.ok && !options.anonymous && (await mended(response.status, parseDocument(text)))) {
		response = await send(method, path, options);
		text = await response.text();
	}
	if (!response.ok) throw new Problem(response.status, parseDocument(text), response.headers.get("Retry-After"));
	if (text === "") return undefined as T;
	try {
		return JSON.parse(text) as T;
	} catch {
		throw new Problem(response.status, {
			code: "bad-answer",
			title: "The server's answer could not be read",
		});
	}
}

/** A file's bytes. */
export async function requestBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
	const response = await send("GET", path, { signal });
	if (!response.ok) throw new Problem(response.status, parseDocument(await response.text()));
	return new Uint8Array(await response.arrayBuffer());
}

/** Sends a file and tells how much has left; fetch cannot do that yet. */
export async function upload<T>(path: string, file: Blob, onProgress: (sent: number) => void): Promise<T> {
	try {
		return await uploadOnce<T>(path, file, onProgress);
	} catch (error) {
		if (!(error instanceof Problem) || !(await mended(error.status, { code: error.code }))) throw error;
		return uploadOnce<T>(path, file, onProgress);
	}
}

function uploadOnce<T>(path: string, file: Blob, onProgress: (sent: number) => void): Promise<T> {
	return new Promise((resolve, reject) => {
		const xhr = new XMLHttpRequest();
		xhr.open("PUT", path);
		xhr.setRequestHeader("Accept", "application/json");
		xhr.setRequestHeader("Content-Type", "application/octet-stream");
		xhr.setRequestHeader("X-CSRF-Token", csrfToken);
		xhr.upload.onprogress = (e) => onProgress(e.loaded);
		xhr.onerror = () => reject(Problem.network());
		xhr.onabort = () => reject(Problem.network());
		xhr.onload = () => {
			if (xhr.status >= 200 && xhr.status < 300) resolve(parseDocument(xhr.responseText) as T);
			else reject(new Problem(xhr.status, parseDocument(xhr.responseText), xhr.getResponseHeader("Retry-After")));
		};
		xhr.send(file);
	});
}

/** An open event stream: text as it arrives. Rejects with a Problem unless the server says 200. */
export async function openStream(path: string, lastId: string, signal: AbortSignal): Promise<ReadableStream<string>> {
	const headers: Record<string, string> = { Accept: "text/event-stream" };
	if (lastId !== "") headers["Last-Event-ID"] = lastId;
	let response: Response;
	try {
		response = await fetch(path, {
			headers,
			signal,
			credentials: "same-origin",
			cache: "no-store",
		});
	} catch (error) {
		if (signal.aborted) throw error;
		throw Problem.network();
	}
	if (!response.ok || response.body === null) throw new Problem(response.status, {});
	return response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
}
