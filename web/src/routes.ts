/** What an address means. Paths are built in paths.ts; this is the other direction. */
export type Route =
	| { name: "overview" }
	| { name: "devices"; platform: string; state: string; q: string }
	| { name: "device"; id: string }
	| { name: "updates"; platform: string }
	| { name: "releases"; platform: string }
	| { name: "release"; platform: string; version: string }
	| { name: "platforms" }
	| { name: "platform"; platform: string }
	| { name: "keys" }
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
	const [first = "", second, third] = parts;
	switch (`${first}/${parts.length}`) {
		case "/0":
			return { name: "overview" };
		case "setup/1":
			return { name: "setup", token: url.hash.slice(1) };
		case "devices/1":
			return {
				name: "devices",
				platform: param("platform"),
				state: param("state"),
				q: param("q"),
			};
		case "devices/2":
			return { name: "device", id: second ?? "" };
		case "updates/1":
			return { name: "updates", platform: param("platform") };
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
		default:
			return { name: "unknown" };
	}
}
