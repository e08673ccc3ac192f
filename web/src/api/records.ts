import { type AuditFilter, api, type DownloadFilter, type LinkFilter, type StatisticsFilter } from "../paths.ts";
import { dayEnd, dayStart } from "../util/time.ts";
import { request } from "./http.ts";
import type { List } from "./types.ts";

/** What stays behind: links, both logs, statistics (docs/SPEC.md sections 8.14 to 8.16). */

type Signal = AbortSignal | undefined;
const PAGE_ROWS = 100;

export type LinkState = "active" | "expired" | "revoked" | "used-up";

export interface DownloadLink {
	id: number;
	platform: string;
	version: string;
	artifact: string;
	created_by: string;
	created_at: string;
	expires_at: string;
	revoked_at: string | null;
	byte_budget: number;
	bytes_used: number;
	uses: number;
	state: LinkState;
}

/** How somebody got in: by a link, a session, an API key, or one of the devices' doors. */
export const DOWNLOAD_WAYS = ["link", "session", "key", "plain", "esp", "github"] as const;

export interface Download {
	id: number;
	at: string;
	via: (typeof DOWNLOAD_WAYS)[number];
	who: string;
	link_id: number | null;
	platform: string;
	version: string;
	artifact: string;
	address: string;
	bytes: number;
	status: number;
	duration_ms: number;
}

export interface AuditEntry {
	seq: number;
	at: string;
	actor: string;
	address: string;
	action: string;
	object: string;
	platform: string | null;
	before: Record<string, unknown> | null;
	after: Record<string, unknown> | null;
	prev_hash: string;
	hash: string;
}

export interface AuditHead {
	seq: number;
	hash: string;
	at: string;
}

export interface Tally {
	total: number;
	succeeded: number;
	failed: number;
	cancelled: number;
	in_progress: number;
	/** Of those that succeeded or failed; null when there is none. */
	success_rate: number | null;
	duration_s: { mean: number; p95: number } | null;
}

export type ReleaseTally = Tally & { platform: string; version: string };

export interface Day {
	day: string;
	succeeded: number;
	failed: number;
}

/** `stale`: devices that are now. */
export type Statistics = Tally & { stale: number; releases: ReleaseTally[]; days: Day[] };

/** Filters hold days of this place; the API wants instants. */
export function instants<T extends { from?: string; to?: string }>(filter: T): T {
	return { ...filter, from: dayStart(filter.from ?? ""), to: dayEnd(filter.to ?? "") };
}

export const linkPage = (filter: LinkFilter, after: string | null, signal?: Signal) =>
	request<List<DownloadLink>>("GET", api.links({ ...filter, limit: PAGE_ROWS, after }), { signal });

export const linkCreate = (
	platform: string,
	version: string,
	artifact: string,
	body: { expires_in_s?: number; byte_budget?: number },
) =>
	request<{ link: DownloadLink; url: string }>("POST", api.artifactLinks(platform, version, artifact), {
		body,
	});

export const linkRevoke = (id: number) => request<void>("DELETE", api.link(id));

export const downloadPage = (filter: DownloadFilter, after: string | null, signal?: Signal) =>
	request<List<Download>>("GET", api.downloads({ ...instants(filter), limit: PAGE_ROWS, after }), { signal });

export const auditPage = (filter: AuditFilter, after: string | null, signal?: Signal) =>
	request<List<AuditEntry>>("GET", api.audit({ ...instants(filter), limit: PAGE_ROWS, after }), { signal });

export const auditHead = (signal?: Signal) => request<AuditHead>("GET", api.auditHead(), { signal });

/** `from` and `to` are instants here. */
export const statisticsGet = (filter: StatisticsFilter, signal?: Signal) =>
	request<Statistics>("GET", api.statistics(filter), { signal });
