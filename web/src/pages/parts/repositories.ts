import { useEffect } from "preact/hooks";
import { platformList } from "../../api/client.ts";
import { type Repository, repositoryGet } from "../../api/tuf.ts";
import { type Loaded, useLoad } from "../../api/useLoad.ts";
import { page } from "../../paths.ts";
import { mapPool } from "../../util/list.ts";

/** No event tells of repositories: they are asked again this often while the page is looked at. */
const AGAIN_MS = 20_000;
const AT_ONCE = 4;

async function load(platform: string, signal: AbortSignal): Promise<Repository[]> {
	const names = platform === "" ? (await platformList(signal)).map((p) => p.name) : [platform];
	const list = await mapPool(names, AT_ONCE, (name) => repositoryGet(name, signal));
	return list.sort((a, b) => b.pending.length - a.pending.length);
}

/** The repositories of one platform or all ("") that one may see, those where something waits first, kept current. */
export function useRepositories(platform: string, mayRead = true): Loaded<Repository[]> {
	const list = useLoad(page.review({ platform }), (signal) => (mayRead ? load(platform, signal) : Promise.resolve([])));
	useEffect(() => {
		const again = () => {
			if (mayRead && document.visibilityState === "visible") list.reload();
		};
		const timer = setInterval(again, AGAIN_MS);
		return () => clearInterval(timer);
	}, [list.reload, mayRead]);
	return list;
}
