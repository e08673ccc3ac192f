import type { Manifest, Part } from "../flash/manifest.ts";
import { api } from "../paths.ts";
import { request, requestBytes } from "./http.ts";

/** The ESP door (docs/SPEC.md section 7.1) as a page of ours asks it: by the session. */

type Signal = AbortSignal | undefined;

export const espManifest = (platform: string, channel: string, signal?: Signal) =>
	request<Manifest>("GET", api.espManifest(platform, { channel }), { signal });

/** A part's bytes; its path is relative to the manifest. */
export function espPart(platform: string, channel: string, part: Part, signal?: Signal): Promise<Uint8Array> {
	const manifest = new URL(api.espManifest(platform), location.origin);
	const file = new URL(part.path, manifest);
	file.searchParams.set("channel", channel);
	return requestBytes(`${file.pathname}${file.search}`, signal);
}
