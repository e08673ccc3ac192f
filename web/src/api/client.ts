import { api, type Cursor, type DeviceFilter, type UpdateFilter } from "../paths.ts";
import { request, setCsrfToken, upload } from "./http.ts";
import type {
	ApiKey,
	Artifact,
	Channel,
	Device,
	GatewayToken,
	List,
	Platform,
	Release,
	Session,
	Update,
} from "./types.ts";

/** One function per operation of the API (docs/SPEC.md section 8), nothing else. */

export type Signal = AbortSignal | undefined;
const PAGE_ROWS = 100;
const ALL_ROWS = 200;
/** A list read whole stops here; more is a page of its own. */
const ALL_PAGES_MAX = 10;

/** A list read whole, within bounds. */
export async function everything<T>(load: (cursor: Cursor) => Promise<List<T>>): Promise<T[]> {
	const items: T[] = [];
	let after: string | null = null;
	for (let i = 0; i < ALL_PAGES_MAX; i++) {
		const list: List<T> = await load({ limit: ALL_ROWS, after });
		items.push(...list.items);
		after = list.next;
		if (after === null) break;
	}
	return items;
}

/** A session that begins: its token goes along with every later request. */
export async function signedIn(answer: Promise<Session>): Promise<Session> {
	const session = await answer;
	setCsrfToken(session.csrf_token);
	return session;
}

export const setupNeeded = () => request<{ needed: boolean }>("GET", api.setup(), { anonymous: true });

export const setUp = (token: string, name: string, password: string) =>
	signedIn(
		request<Session>("POST", api.setup(), {
			body: { token, name, password },
			anonymous: true,
		}),
	);

/** Refused with 401 `code-needed` when a code of the second factor is due. */
export const signIn = (name: string, password: string, code?: string) =>
	signedIn(
		request<Session>("POST", api.session(), {
			body: { name, password, ...(code === undefined ? {} : { code }) },
			anonymous: true,
		}),
	);

export const sessionGet = () => signedIn(request<Session>("GET", api.session(), { anonymous: true }));

export const signOut = () => request<void>("DELETE", api.session(), { anonymous: true });

export const platformList = (signal?: Signal) =>
	everything((cursor) => request<List<Platform>>("GET", api.platforms(cursor), { signal }));

export const platformGet = (name: string, signal?: Signal) => request<Platform>("GET", api.platform(name), { signal });

export interface NewPlatform {
	name: string;
	title: string;
	aliases: string[];
	follow_channel: boolean;
	boot_roots?: string[];
	key_manifest?: string;
}

export const platformCreate = (body: NewPlatform) => request<Platform>("POST", api.platforms(), { body });

export const platformChange = (name: string, body: Partial<Pick<Platform, "title" | "aliases" | "follow_channel">>) =>
	request<Platform>("PATCH", api.platform(name), { body });

export const keyManifestPut = (name: string, file: Blob) =>
	request<Platform>("PUT", api.keyManifest(name), { body: file });

export const releaseList = (platform?: string, signal?: Signal) =>
	everything((cursor) =>
		request<List<Release>>("GET", api.releases({ ...cursor, platform }), {
			signal,
		}),
	);

export const releaseGet = (platform: string, version: string, signal?: Signal) =>
	request<Release>("GET", api.release(platform, version), { signal });

export const releasePut = (
	platform: string,
	version: string,
	body: { sums: string; minisig: string; notes?: string },
) => request<Release>("PUT", api.release(platform, version), { body });

export const artifactPut = (
	platform: string,
	version: string,
	name: string,
	file: Blob,
	onProgress: (sent: number) => void,
) => upload<Artifact>(api.artifact(platform, version, name), file, onProgress);

export const releaseRelease = (platform: string, version: string, channel: Channel) =>
	request<Release>("POST", api.doRelease(platform, version), {
		body: { channel },
	});

export const releaseWithdraw = (platform: string, version: string, reason: string) =>
	request<Release>("POST", api.doWithdraw(platform, version), {
		body: { reason },
	});

export const releaseChange = (
	platform: string,
	version: string,
	body: { notes?: string; minimum_version?: string | null },
) => request<Release>("PATCH", api.release(platform, version), { body });

export const releasePromote = (platform: string, version: string, channel: Channel) =>
	request<Release>("POST", api.doPromote(platform, version), { body: { channel } });

export const devicePage = (filter: DeviceFilter, after: string | null, signal?: Signal) =>
	request<List<Device>>("GET", api.devices({ ...filter, limit: PAGE_ROWS, after }), { signal });

export const deviceGet = (id: string, signal?: Signal) => request<Device>("GET", api.device(id), { signal });

export const deviceCreate = (body: { id: string; platform: string; name?: string; channel?: Channel }) =>
	request<{ device: Device; token: string }>("POST", api.devices(), { body });

export const deviceChange = (id: string, body: Partial<Pick<Device, "name" | "channel" | "platform">>) =>
	request<Device>("PATCH", api.device(id), { body });

export const deviceDelete = (id: string) => request<void>("DELETE", api.device(id));

export const deviceTokenNew = (id: string) => request<{ token: string }>("POST", api.deviceToken(id));

export const deviceUpdateList = (id: string, signal?: Signal) =>
	request<List<Update>>("GET", api.deviceUpdates(id, { limit: PAGE_ROWS }), {
		signal,
	});

export const updateCreate = (device: string, version: string) =>
	request<Update>("POST", api.deviceUpdates(device), { body: { version } });

export const updateGet = (id: number, signal?: Signal) => request<Update>("GET", api.update(id), { signal });

export const updateCancel = (id: number) => request<Update>("POST", api.cancelUpdate(id));

export const updatePage = (filter: UpdateFilter, after: string | null = null, signal?: Signal) =>
	request<List<Update>>("GET", api.updates({ ...filter, limit: PAGE_ROWS, after }), { signal });

export const apiKeyList = (signal?: Signal) =>
	everything((cursor) => request<List<ApiKey>>("GET", api.apiKeys(cursor), { signal }));

export const apiKeyCreate = (body: { name: string; scopes: string[]; platforms: string[]; expires_in_days?: number }) =>
	request<{ key: ApiKey; secret: string }>("POST", api.apiKeys(), { body });

export const apiKeyRevoke = (id: number) => request<void>("DELETE", api.apiKey(id));

export const gatewayTokenList = (signal?: Signal) =>
	everything((cursor) => request<List<GatewayToken>>("GET", api.gatewayTokens(cursor), { signal }));

export const gatewayTokenCreate = (body: { name: string; platform: string }) =>
	request<{ gateway: GatewayToken; secret: string }>("POST", api.gatewayTokens(), { body });

export const gatewayTokenRevoke = (id: number) => request<void>("DELETE", api.gatewayToken(id));
