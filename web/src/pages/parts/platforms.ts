import { platformList } from "../../api/client.ts";
import { may, useSession } from "../../api/session.ts";
import type { Platform } from "../../api/types.ts";
import { type Loaded, useLoad } from "../../api/useLoad.ts";

/** The platforms that one sees, for filters and forms: none without the right to read them, which is no failure. */
export function usePlatforms(): Loaded<Platform[]> {
	const { session } = useSession();
	return useLoad("platforms", (signal) => (may(session, "release.read") ? platformList(signal) : Promise.resolve([])));
}
