/** Every address is built here: pages of this application and endpoints of the API. */

type Params = Record<string, string | number | boolean | null | undefined>;

const seg = encodeURIComponent;

function query(params: Params): string {
	const search = new URLSearchParams();
	for (const [key, value] of Object.entries(params)) {
		if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
	}
	const text = search.toString();
	return text === "" ? "" : `?${text}`;
}

/** A type, not an interface, so that it is assignable to Params. */
export type DeviceFilter = { platform?: string; state?: string; stale?: string; q?: string };

/** Times of filters are days, "2026-11-20" in local time, both inclusive; the API is asked for instants. */
export type UpdateFilter = {
	open?: boolean;
	platform?: string;
	state?: string;
	version?: string;
	device?: string;
	from?: string;
	to?: string;
};
export type LinkFilter = { platform?: string; state?: string };
export type DownloadFilter = {
	platform?: string;
	user?: string;
	version?: string;
	via?: string;
	from?: string;
	to?: string;
};
export type AuditFilter = {
	actor?: string;
	action?: string;
	platform?: string;
	object?: string;
	from?: string;
	to?: string;
};
export type StatisticsFilter = { platform?: string; version?: string; from?: string; to?: string };
/** A list as a file. */
export type Format = "csv" | "jsonl";

export const page = {
	overview: (filter: { platform?: string; days?: string } = {}) => `/${query(filter)}`,
	devices: (filter: DeviceFilter = {}) => `/devices${query(filter)}`,
	device: (id: string) => `/devices/${seg(id)}`,
	updates: (filter: UpdateFilter = {}) => `/updates${query(filter)}`,
	releases: (filter: { platform?: string } = {}) => `/releases${query(filter)}`,
	release: (platform: string, version: string) => `/releases/${seg(platform)}/${seg(version)}`,
	platforms: () => "/platforms",
	platform: (name: string) => `/platforms/${seg(name)}`,
	keys: () => "/keys",
	users: () => "/users",
	user: (name: string) => `/users/${seg(name)}`,
	roles: () => "/roles",
	role: (name: string) => `/roles/${seg(name)}`,
	account: () => "/account",
	join: () => "/join",
	review: (filter: { platform?: string } = {}) => `/review${query(filter)}`,
	links: (filter: LinkFilter = {}) => `/links${query(filter)}`,
	downloads: (filter: DownloadFilter = {}) => `/downloads${query(filter)}`,
	audit: (filter: AuditFilter = {}) => `/audit${query(filter)}`,
	flash: (filter: { platform?: string; channel?: string } = {}) => `/flash${query(filter)}`,
};

const V1 = "/api/v1";
/** There is one organisation. */
export const TENANT = "DEFAULT";

export interface Cursor {
	limit?: number;
	after?: string | null;
}

export const api = {
	setup: () => `${V1}/setup`,
	session: () => `${V1}/session`,
	events: () => `${V1}/events`,
	platforms: (cursor: Cursor = {}) => `${V1}/platforms${query({ ...cursor })}`,
	platform: (name: string) => `${V1}/platforms/${seg(name)}`,
	keyManifest: (name: string) => `${V1}/platforms/${seg(name)}/key-manifest`,
	tuf: (name: string) => `${api.platform(name)}/tuf`,
	tufFile: (name: string, file: string) => `${api.tuf(name)}/${seg(file)}`,
	tufWaiting: (name: string, id: string) => `${api.tuf(name)}/pending/${seg(id)}`,
	releases: (filter: Cursor & { platform?: string } = {}) => `${V1}/releases${query({ ...filter })}`,
	release: (platform: string, version: string) => `${V1}/platforms/${seg(platform)}/releases/${seg(version)}`,
	artifact: (platform: string, version: string, name: string) =>
		`${api.release(platform, version)}/artifacts/${seg(name)}`,
	doRelease: (platform: string, version: string) => `${api.release(platform, version)}/release`,
	doWithdraw: (platform: string, version: string) => `${api.release(platform, version)}/withdraw`,
	doPromote: (platform: string, version: string) => `${api.release(platform, version)}/promote`,
	artifactLinks: (platform: string, version: string, name: string) => `${api.artifact(platform, version, name)}/links`,
	links: (filter: Cursor & LinkFilter = {}) => `${V1}/links${query({ ...filter })}`,
	link: (id: number) => `${V1}/links/${id}`,
	downloads: (filter: Cursor & DownloadFilter & { format?: Format } = {}) => `${V1}/downloads${query({ ...filter })}`,
	audit: (filter: Cursor & AuditFilter = {}) => `${V1}/audit${query({ ...filter })}`,
	auditExport: (range: { from_seq?: string; to_seq?: string; format?: Format }) =>
		`${V1}/audit/export${query({ ...range })}`,
	auditHead: () => `${V1}/audit/head`,
	statistics: (filter: StatisticsFilter = {}) => `${V1}/statistics${query({ ...filter })}`,
	espManifest: (platform: string, ask: { channel?: string; chip?: string } = {}) =>
		`/api/esp/${seg(platform)}/manifest.json${query(ask)}`,
	devices: (filter: Cursor & DeviceFilter = {}) => `${V1}/devices${query({ ...filter })}`,
	device: (id: string) => `${V1}/devices/${seg(id)}`,
	deviceToken: (id: string) => `${V1}/devices/${seg(id)}/token`,
	deviceUpdates: (id: string, cursor: Cursor = {}) => `${V1}/devices/${seg(id)}/updates${query({ ...cursor })}`,
	updates: (filter: Cursor & UpdateFilter & { format?: Format } = {}) => `${V1}/updates${query({ ...filter })}`,
	update: (id: number) => `${V1}/updates/${id}`,
	cancelUpdate: (id: number) => `${V1}/updates/${id}/cancel`,
	apiKeys: (cursor: Cursor = {}) => `${V1}/api-keys${query({ ...cursor })}`,
	apiKey: (id: number) => `${V1}/api-keys/${id}`,
	gatewayTokens: (cursor: Cursor = {}) => `${V1}/gateway-tokens${query({ ...cursor })}`,
	joinCheck: () => `${V1}/join/check`,
	join: () => `${V1}/join`,
	users: (cursor: Cursor = {}) => `${V1}/users${query({ ...cursor })}`,
	user: (name: string) => `${V1}/users/${seg(name)}`,
	userReset: (name: string) => `${api.user(name)}/reset`,
	userSignIns: (name: string, cursor: Cursor = {}) => `${api.user(name)}/sign-ins${query({ ...cursor })}`,
	userSignIn: (name: string, id: number) => `${api.user(name)}/sign-ins/${id}`,
	account: () => `${V1}/account`,
	accountPassword: () => `${V1}/account/password`,
	accountSignIns: (cursor: Cursor = {}) => `${V1}/account/sign-ins${query({ ...cursor })}`,
	accountSignIn: (id: number) => `${V1}/account/sign-ins/${id}`,
	accountTotp: () => `${V1}/account/totp`,
	accountTotpConfirm: () => `${V1}/account/totp/confirm`,
	accountTotpDisable: () => `${V1}/account/totp/disable`,
	accountRecoveryCodes: () => `${V1}/account/recovery-codes`,
	roles: (cursor: Cursor = {}) => `${V1}/roles${query({ ...cursor })}`,
	role: (name: string) => `${V1}/roles/${seg(name)}`,
	gatewayToken: (id: number) => `${V1}/gateway-tokens/${id}`,
};
