export type Theme = "auto" | "light" | "dark";

/** Also read by public/theme.js before the first paint. */
const KEY = "otad-theme";

export function readTheme(): Theme {
	try {
		const stored = localStorage.getItem(KEY);
		return stored === "light" || stored === "dark" ? stored : "auto";
	} catch {
		return "auto";
	}
}

export function writeTheme(theme: Theme): void {
	const root = document.documentElement;
	if (theme === "auto") delete root.dataset.theme;
	else root.dataset.theme = theme;
	try {
		localStorage.setItem(KEY, theme);
	} catch {
		// Without storage the choice lasts as long as the page.
	}
}
