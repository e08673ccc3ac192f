import type { Repository } from "../../api/tuf.ts";
import type { Device, List, Platform, Release, Update } from "../../api/types.ts";
import { page } from "../../paths.ts";
import type { Shape, Tone } from "../../ui/mark.tsx";
import { count } from "../../util/list.ts";
import { lasting } from "../../util/metadata.ts";
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
	stale: List<Device>;
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

const QUIET = {
	offline: { tone: "bad", shape: "ring", one: "is offline", many: "are offline", filter: { state: "offline" } },
	late: {
		tone: "warn",
		shape: "half",
		one: "has missed a poll",
		many: "have missed a poll",
		filter: { state: "late" },
	},
	stale: {
		tone: "warn",
		shape: "clock",
		one: "is stale and takes no update",
		many: "are stale and take no update",
		filter: { stale: "true" },
	},
} as const;

/** `known` is how many they are where that is known: a list is cut at its first page. */
function quiet(list: List<Device>, state: keyof typeof QUIET, known = 0): Concern[] {
	const n = Math.max(list.items.length, known);
	if (n === 0) return [];
	const single = n === 1 ? list.items[0] : undefined;
	const { one, many, filter, ...look } = QUIET[state];
	return [
		{
			key: state,
			...look,
			subject: single ? single.name || single.id : `${n}${list.next === null || known > 0 ? "" : "+"} devices`,
			text: single ? one : many,
			href: single ? page.device(single.id) : page.devices(filter),
			at: (state === "stale" ? single?.stale?.since : single?.last_seen_at) ?? null,
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

/** What managers have to sign: what has expired or soon will, and what waits. */
export function signingConcerns(repositories: Repository[], now_ms: number): Concern[] {
	return repositories.flatMap((r): Concern[] => [...expiries(r, now_ms), ...waits(r)]);
}

function expiries({ platform, roles }: Repository, now_ms: number): Concern[] {
	return roles.flatMap((f): Concern[] => {
		const left = lasting(f.role, f.expires, now_ms);
		if (left === "good") return [];
		const past = left === "past";
		return [
			{
				key: `expiry ${platform} ${f.role}`,
				tone: past ? "bad" : "warn",
				shape: past ? "cross" : "clock",
				subject: `${f.role} of ${platform}`,
				text: past ? "has expired: its devices take no update" : "expires soon and must be signed anew",
				href: page.review({ platform }),
				at: f.expires,
			},
		];
	});
}

function waits({ platform, pending }: Repository): Concern[] {
	return pending.map((w) => ({
		key: `waits ${w.id}`,
		tone: "accent",
		shape: "half",
		subject: `${platform} ${w.file}`,
		text: w.missing > 0 ? `waits for ${count(w.missing, "signature")}` : "waits for its counterpart",
		href: page.review({ platform }),
		at: w.submitted_at,
	}));
}

const RANK: Record<Tone, number> = { bad: 0, warn: 1, accent: 2, ok: 3, idle: 3 };

/** The worst first; of equals, in the order given. */
export function byWorst(concerns: Concern[]): Concern[] {
	return [...concerns].sort((a, b) => RANK[a.tone] - RANK[b.tone]);
}

export function concernsOf(facts: Facts): Concern[] {
	return [
		...failures(facts.updates),
		...quiet(facts.offline, "offline"),
		...quiet(
			facts.stale,
			"stale",
			facts.platforms.reduce((n, p) => n + p.stale_count, 0),
		),
		...quiet(facts.late, "late"),
		...unfinished(facts.releases),
	];
}
