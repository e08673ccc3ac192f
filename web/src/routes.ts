import type { AuditFilter, DeviceFilter, DownloadFilter, UpdateFilter } from "./paths.ts";

/** A filter as an address gives it: every member is there, empty when it does not count. */
export type Filter<T, Without extends keyof T = never> = { [K in Exclude<keyof T, Without>]-?: string };

/** What an address means. Paths are built in paths.ts; this is the other direction. */
export type Route =
	| { name: "overview"; platform: string; days: string }
	| { name: "devices"; filter: Filter<DeviceFilter> }
	| { name: "device"; id: string }
	| { name: "updates"; filter: Filter<UpdateFilter, "open"> }
	| { name: "releases"; platform: string }
	| { name: "release"; platform: string; version: string }
	| { name: "platforms" }
	| { name: "platform"; platform: string }
	| { name: "keys" }
	| { name: "users" }
	| { name: "user"; user: string }
	| { name: "roles" }
	| { name: "role"; role: string }
	| { name: "account" }
	| { name: "join"; token: string }
	| { name: "review"; platform: string }
	| { name: "links"; platform: string; state: string }
	| { name: "downloads"; filter: Filter<DownloadFilter> }
	| { name: "audit"; filter: Filter<AuditFilter> }
	| { name: "flash"; platform: string; channel: string }
	| { name: "setup"; token: string }
	| { name: "unknown" };

function segments(pathname: string): string[] | null {
	try {
		return pathname
			.split("/")
			.filter((s) => s !== "")
			.map(decodeURIComponent);
	} catch {
		return null;
	}
}

export function parseRoute(url: URL): Route {
	const parts = segments(url.pathname);
	if (parts === null) return { name: "unknown" };
	const param = (name: string) => url.searchParams.get(name) ?? "";
	const params = <K extends string>(...names: K[]) =>
		Object.fromEntries(names.map((name) => [name, param(name)])) as Record<K, string>;
	const [first = "", second, third] = parts;
	switch (`${first}/${parts.length}`) {
		case "/0":
			return { name: "overview", platform: param("platform"), days: param("days") };
		case "setup/1":
			return { name: "setup", token: url.hash.slice(1) };
		case "devices/1":
			return { name: "devices", filter: params("platform", "state", "stale", "q") };
		case "devices/2":
			return { name: "device", id: second ?? "" };
		case "updates/1":
			return {
				name: "updates",
				filter: params("platform", "state", "version", "device", "from", "to"),
			};
		case "releases/1":
			return { name: "releases", platform: param("platform") };
		case "releases/3":
			return { name: "release", platform: second ?? "", version: third ?? "" };
		case "platforms/1":
			return { name: "platforms" };
		case "platforms/2":
			return { name: "platform", platform: second ?? "" };
		case "keys/1":
			return { name: "keys" };
		case "users/1":
			return { name: "users" };
		case "users/2":
			return { name: "user", user: second ?? "" };
		case "roles/1":
			return { name: "roles" };
		case "roles/2":
			return { name: "role", role: second ?? "" };
		case "account/1":
			return { name: "account" };
		case "join/1":
			return { name: "join", token: url.hash.slice(1) };
		case "review/1":
			return { name: "review", platform: param("platform") };
		case "links/1":
			return { name: "links", platform: param("platform"), state: param("state") };
		case "downloads/1":
			return { name: "downloads", filter: params("platform", "user", "version", "via", "from", "to") };
		case "audit/1":
			return { name: "audit", filter: params("actor", "action", "platform", "object", "from", "to") };
		case "flash/1":
			return { name: "flash", platform: param("platform"), channel: param("channel") };
		default:
			return { name: "unknown" };
	}
}
