import { useEffect, useState } from "preact/hooks";

const CHANGED = "otad:navigated";

/** Goes to a path of this application. `replace` keeps the history as it is (filters while typing). */
export function navigate(path: string, replace = false): void {
	if (replace) history.replaceState(null, "", path);
	else history.pushState(null, "", path);
	dispatchEvent(new Event(CHANGED));
}

/** The current address; the component renders again whenever it changes. */
export function useLocation(): URL {
	const [url, setUrl] = useState(() => new URL(location.href));
	useEffect(() => {
		const update = () => setUrl(new URL(location.href));
		addEventListener("popstate", update);
		addEventListener(CHANGED, update);
		return () => {
			removeEventListener("popstate", update);
			removeEventListener(CHANGED, update);
		};
	}, []);
	return url;
}

/** True for a click that should stay in this page: no modifier, main button. */
export function isPlainClick(event: MouseEvent): boolean {
	return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
