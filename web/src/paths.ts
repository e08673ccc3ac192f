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
export type DeviceFilter = { platform?: string; state?: string; q?: string };

export const page = {
	overview: () => "/",
	devices: (filter: DeviceFilter = {}) => `/devices${query(filter)}`,
	device: (id: string) => `/devices/${seg(id)}`,
	updates: (filter: { platform?: string } = {}) => `/updates${query(filter)}`,
	releases: (filter: { platform?: string } = {}) => `/releases${query(filter)}`,
	release: (platform: string, version: string) => `/releases/${seg(platform)}/${seg(version)}`,
	platforms: () => "/platforms",
	platform: (name: string) => `/platforms/${seg(name)}`,
	keys: () => "/keys",
};

const V1 = "/api/v1";

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
	releases: (filter: Cursor & { platform?: string } = {}) => `${V1}/releases${query({ ...filter })}`,
	release: (platform: string, version: string) => `${V1}/platforms/${seg(platform)}/releases/${seg(version)}`,
	artifact: (platform: string, version: string, name: string) =>
		`${api.release(platform, version)}/artifacts/${seg(name)}`,
	doRelease: (platform: string, version: string) => `${api.release(platform, version)}/release`,
	doWithdraw: (platform: string, version: string) => `${api.release(platform, version)}/withdraw`,
	devices: (filter: Cursor & DeviceFilter = {}) => `${V1}/devices${query({ ...filter })}`,
	device: (id: string) => `${V1}/devices/${seg(id)}`,
	deviceToken: (id: string) => `${V1}/devices/${seg(id)}/token`,
	deviceUpdates: (id: string, cursor: Cursor = {}) => `${V1}/devices/${seg(id)}/updates${query({ ...cursor })}`,
	updates: (filter: Cursor & { open?: boolean; platform?: string } = {}) => `${V1}/updates${query({ ...filter })}`,
	cancelUpdate: (id: number) => `${V1}/updates/${id}/cancel`,
	apiKeys: (cursor: Cursor = {}) => `${V1}/api-keys${query({ ...cursor })}`,
	apiKey: (id: number) => `${V1}/api-keys/${id}`,
	gatewayTokens: (cursor: Cursor = {}) => `${V1}/gateway-tokens${query({ ...cursor })}`,
	gatewayToken: (id: number) => `${V1}/gateway-tokens/${id}`,
};
