import { api } from "../paths.ts";
import { request } from "./http.ts";

/** Repositories of signed metadata: what stands, and what waits for signatures (docs/SPEC.md section 10.8). */

type Signal = AbortSignal | undefined;

interface MetadataFile {
	/** "root", "targets", the platform's own name, "snapshot" or "timestamp". */
	role: string;
	file: string;
	version: number;
	size: number;
	expires: string;
}

export type PublishedFile = MetadataFile & { published_at: string; published_by: string };

export type WaitingFile = MetadataFile & {
	id: string;
	submitted_at: string;
	submitted_by: string;
	/** Has its signatures, and waits for a counterpart. */
	complete: boolean;
	waits_for: "signatures" | "targets" | "role";
	threshold: number;
	missing: number;
	/** Ids of the keys that may sign; those that have. */
	keys: string[];
	signed_by: string[];
};

export interface OnlineKey {
	role: "snapshot" | "timestamp" | "director";
	keyid: string;
	public: string;
	/** Root names it. */
	used: boolean;
}

export interface TufKey {
	keytype: string;
	keyval: { public: string };
	scheme: string;
}

export interface Target {
	path: string;
	entry: Record<string, unknown>;
}

export interface Repository {
	platform: string;
	/** Where its files are served: "/tuf/DEFAULT/esp8266/metadata/". */
	metadata: string;
	/** Has a root: what is not listed goes to no device. */
	protected: boolean;
	public_targets: boolean;
	/** What a new root should name; null while its token does not answer. */
	online: Record<OnlineKey["role"], TufKey | null>;
	online_keys: OnlineKey[];
	roles: PublishedFile[];
	files: string[];
	targets: Target[];
	pending: WaitingFile[];
}

/** A metadata file, as signed. */
export interface SignedFile {
	signatures: { keyid: string; sig: string }[];
	signed: Record<string, unknown>;
}

/** What a signed file brought about. */
export interface Sent {
	published: string[];
	pending: WaitingFile[];
}

export const repositoryGet = (platform: string, signal?: Signal) =>
	request<Repository>("GET", api.tuf(platform), { signal });

export const waitingGet = (platform: string, id: string, signal?: Signal) =>
	request<SignedFile>("GET", api.tufWaiting(platform, id), { signal });

export const publishedGet = (repository: Pick<Repository, "metadata">, file: string, signal?: Signal) =>
	request<SignedFile>("GET", repository.metadata + encodeURIComponent(file), { signal });

/** The very bytes of the file, as they were signed. */
export const signedFilePut = (platform: string, name: string, file: Blob) =>
	request<Sent>("PUT", api.tufFile(platform, name), { body: file, type: "application/json" });

export const waitingDelete = (platform: string, id: string) => request<void>("DELETE", api.tufWaiting(platform, id));

export const publicTargetsSet = (platform: string, public_targets: boolean) =>
	request<Repository>("PATCH", api.tuf(platform), { body: { public_targets } });
