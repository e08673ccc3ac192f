/** What a User-Agent says, in words: the browser and the system. Names are tried in order, since browsers carry each other's. */

const BROWSERS: [RegExp, string][] = [
	[/\bEdg(?:A|iOS)?\/(\d+)/, "Edge"],
	[/\bOPR\/(\d+)/, "Opera"],
	[/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
	[/\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, "Chrome"],
	[/\bVersion\/(\d+).*\bSafari\//, "Safari"],
	[/^curl\/(\d+)/, "curl"],
];

const SYSTEMS: [RegExp, string][] = [
	[/iPhone/, "iPhone"],
	[/iPad/, "iPad"],
	[/Android/, "Android"],
	[/Windows/, "Windows"],
	[/Mac OS X|Macintosh/, "macOS"],
	[/CrOS/, "ChromeOS"],
	[/Linux/, "Linux"],
];

export function agentText(agent: string): string {
	const browser = BROWSERS.find(([pattern]) => pattern.test(agent));
	const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
	if (browser === undefined) return agent === "" ? "unknown browser" : agent;
	const name = `${browser[1]} ${browser[0].exec(agent)?.[1] ?? ""}`.trim();
	return system === undefined ? name : `${name} on ${system}`;
}
