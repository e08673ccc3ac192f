import type { Device, List, Platform, Release, Update } from "../../api/types.ts";
import { page } from "../../paths.ts";
import type { Shape, Tone } from "../../ui/mark.tsx";
import { count } from "../../util/list.ts";
import { reasonText } from "../../util/words.ts";

/** Something a person should look at, the worst first. */
export interface Concern {
	key: string;
	tone: Tone;
	shape: Shape;
	/** What it is about, as the link's text. */
	subject: string;
	text: string;
	href: string;
	at: string | null;
}

export interface Facts {
	platforms: Platform[];
	releases: Release[];
	/** Newest first. */
	updates: Update[];
	offline: List<Device>;
	late: List<Device>;
}

const FAILED_SHOWN = 5;

/** Updates that failed and after which the device was not given another one. */
export function standingFailures(updates: Update[]): Update[] {
	const seen = new Set<string>();
	const latest = updates.filter((u) => !seen.has(u.device) && seen.add(u.device));
	return latest.filter((u) => u.state === "failed");
}

function failures(updates: Update[]): Concern[] {
	const failed = standingFailures(updates);
	const concerns = failed.slice(0, FAILED_SHOWN).map(
		(u): Concern => ({
			key: `failed ${u.id}`,
			tone: "bad",
			shape: "cross",
			subject: u.device,
			text: `did not take ${u.version}${u.reason ? `: ${lowered(reasonText(u.reason))}` : ""}`,
			href: page.device(u.device),
			at: u.closed_at,
		}),
	);
	const more = failed.length - concerns.length;
	if (more > 0) {
		concerns.push({
			key: "failed more",
			tone: "bad",
			shape: "cross",
			subject: count(more, "further device"),
			text: "did not take an update",
			href: page.updates(),
			at: null,
		});
	}
	return concerns;
}

function lowered(text: string): string {
	return text.charAt(0).toLowerCase() + text.slice(1);
}

function quiet(list: List<Device>, state: "offline" | "late"): Concern[] {
	const n = list.items.length;
	if (n === 0) return [];
	const one = n === 1 ? list.items[0] : undefined;
	const look =
		state === "offline"
			? { tone: "bad" as const, shape: "ring" as const }
			: { tone: "warn" as const, shape: "half" as const };
	return [
		{
			key: state,
			...look,
			subject: one ? one.name || one.id : `${n}${list.next === null ? "" : "+"} devices`,
			text: state === "offline" ? `${one ? "is" : "are"} offline` : `${one ? "has" : "have"} missed a poll`,
			href: one ? page.device(one.id) : page.devices({ state }),
			at: one?.last_seen_at ?? null,
		},
	];
}

function unfinished(releases: Release[]): Concern[] {
	return releases
		.filter((r) => r.state === "draft" || r.state === "complete")
		.map((r) => ({
			key: `release ${r.id}`,
			tone: r.state === "draft" ? ("warn" as const) : ("accent" as const),
			shape: r.state === "draft" ? ("dash" as const) : ("ring" as const),
			subject: `${r.platform} ${r.version}`,
			text: r.state === "draft" ? "lacks files" : "is complete and waits to be released",
			href: page.release(r.platform, r.version),
			at: r.created_at,
		}));
}

export function concernsOf(facts: Facts): Concern[] {
	return [
		...failures(facts.updates),
		...quiet(facts.offline, "offline"),
		...quiet(facts.late, "late"),
		...unfinished(facts.releases),
	];
}
