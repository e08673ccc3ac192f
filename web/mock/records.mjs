// Links, logs, statistics, sessions and the life of releases for the mock (docs/SPEC.md sections 8.14 to 8.17), and the
// ESP door's manifest (7.1). Shapes come from tests/vectors/api, contents are made up.

import { createHash } from "node:crypto";
import { at, golden } from "./fleet.mjs";

const GOLDEN = {
	link: golden("link"),
	download: golden("download"),
	entry: golden("audit-entry"),
	head: golden("audit-head"),
	tally: golden("statistics"),
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CLOSED = new Set(["succeeded", "failed", "cancelled"]);

/** An answer that is no JSON document. */
export class Bytes {
	constructor(type, body, name) {
		this.type = type;
		this.body = body;
		this.name = name;
	}
}

const hash = (text, kind = "sha256") => createHash(kind).update(text).digest("hex");

// ---------------------------------------------------------------- ESP: files with contents, so that they can be flashed

const KIB = 1024;

/** The same bytes every time for a name: some that compress and some that do not. */
export function contentOf(name, size) {
	const bytes = Buffer.alloc(size);
	let state = [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7);
	for (let i = 0; i < size; i++) {
		state = (state * 1664525 + 1013904223) >>> 0;
		bytes[i] = i % 4096 < 2048 ? state >>> 24 : i & 15;
	}
	bytes[0] = 0xe9;
	return bytes;
}

const ESP_FILES = [
	["sensor-esp32.factory.bin", 37 * KIB + 3, "ESP32", "esp"],
	["sensor-esp32.ota.bin", 29 * KIB, "ESP32", "esp"],
	["sensor-esp32-c3.factory.bin", 34 * KIB, "ESP32-C3", "esp"],
	["sensor-esp32-c3.ota.bin", 26 * KIB, "ESP32-C3", "esp"],
];

export const ESP_PLATFORM = "esp32-sensor";

const { version: _version, ...ESP_DETAILS } = golden("artifact-esp").details;

/** Releases differ by the sizes of their files. */
function espArtifact([name, least, chip, kind], shape, more) {
	const size = least + more;
	return {
		...shape,
		name,
		size,
		sha256: hash(contentOf(name, size)),
		kind,
		version: null,
		security_counter: null,
		hardware_class: null,
		key_hash: null,
		details: { ...ESP_DETAILS, image: name.includes("factory") ? "flash" : "app", chip },
	};
}

function sbom(name, version, seed) {
	return { name: `${name}-${version}.cdx.json`, format: "cyclonedx", size: 18_204, sha256: hash(seed) };
}

function historyOf(release) {
	const made = Date.parse(release.created_at);
	const steps = [{ at: at(made), by: release.created_by, step: "created", detail: "" }];
	if (release.state !== "draft")
		steps.push({ at: at(made + 40_000), by: release.created_by, step: "complete", detail: "" });
	if (release.released_at) {
		const start = release.channel === "stable" ? "beta" : release.channel;
		steps.push({ at: release.released_at, by: "anna", step: "released", detail: start });
		if (release.channel === "stable")
			steps.push({
				at: at(Date.parse(release.released_at) + 5 * HOUR),
				by: "ben",
				step: "promoted",
				detail: "stable",
			});
	}
	if (release.state === "withdrawn")
		steps.push({ at: at(made + 2 * DAY), by: "anna", step: "withdrawn", detail: release.withdrawn_reason });
	return steps;
}

const DETAILS = {
	mcuboot: { slot_bytes: 458_752, hash: "sha256", signature: "ed25519" },
	file: null,
};

/** What the life of a release adds to the releases of the fleet. */
export function addLife(world, makeRelease) {
	for (const [version, state, channel, age] of [
		["1.8.0", "released", "stable", 11 * DAY],
		["1.9.0", "released", "beta", 2 * DAY],
	]) {
		const release = makeRelease(ESP_PLATFORM, version, state, channel, age);
		const [shape] = release.artifacts;
		release.artifacts = ESP_FILES.map((f) => espArtifact(f, shape, channel === "beta" ? 517 : 0));
		release.expected_count = release.artifacts.length;
		world.releases.unshift(release);
	}
	for (const release of world.releases) {
		for (const a of release.artifacts) {
			a.details ??= DETAILS[a.kind] ?? null;
			if (release.platform === "esp8266") a.sha256 = hash(contentOf(a.name, a.size));
		}
		const bill = release.state === "draft" ? null : sbom(release.platform, release.version, `${release.id}`);
		if (bill) {
			const { name, size, sha256 } = bill;
			const shape = { version: null, security_counter: null, hardware_class: null, key_hash: null };
			release.artifacts.push({
				...shape,
				name,
				size,
				sha256,
				kind: "cyclonedx",
				details: { spec: "1.6", components: 34, subject: release.platform },
			});
			release.expected_count++;
		}
		Object.assign(release, {
			minimum_version: release.version.endsWith(".0") && release.channel === "beta" ? "1.0.0" : null,
			sbom: bill,
			history: historyOf(release),
		});
	}
}

// ---------------------------------------------------------------- what is there from the start

function links(now) {
	const link = (id, age, more) => ({
		...GOLDEN.link,
		id,
		platform: "mps2-an386",
		version: "1.1.0",
		artifact: "firmware.signed.bin",
		created_by: "anna",
		created_at: at(now - age),
		expires_at: at(now - age + HOUR),
		revoked_at: null,
		byte_budget: 748_544,
		bytes_used: 0,
		uses: 0,
		state: "active",
		...more,
	});
	return [
		link(14, 12 * MINUTE, { bytes_used: 187_136, uses: 1 }),
		link(13, 2 * HOUR, {
			platform: "esp8266",
			version: "2.4.1",
			artifact: "firmware.bin",
			expires_at: at(now + 6 * DAY),
			byte_budget: 4_126_720,
			bytes_used: 3_301_376,
			uses: 9,
			created_by: "ben",
		}),
		link(12, 26 * HOUR, { state: "expired", bytes_used: 187_136, uses: 1 }),
		link(11, 3 * DAY, { state: "revoked", revoked_at: at(now - 3 * DAY + 5 * MINUTE) }),
		link(10, 5 * DAY, { state: "used-up", bytes_used: 748_544, uses: 4, created_by: "ben" }),
	];
}

const WAYS = [
	["link", "anna", 14],
	["session", "ben", null],
	["key", "key:nightly", null],
	["plain", "key:ci-firmware", null],
	["esp", "key:workshop", null],
	["github", "key:nightly", null],
];

function downloads(now) {
	return Array.from({ length: 130 }, (_, i) => {
		const [via, who, link_id] = WAYS[(i * 5) % WAYS.length];
		const esp = via === "esp";
		const cut = i % 17 === 5;
		return {
			...GOLDEN.download,
			id: 900 - i,
			at: at(now - i * 47 * MINUTE - 3 * MINUTE),
			via,
			who,
			link_id,
			platform: esp ? "esp8266" : "mps2-an386",
			version: esp ? "2.4.1" : i % 3 === 0 ? "1.2.0" : "1.1.0",
			artifact: esp ? "firmware.bin" : "firmware.signed.bin",
			address: i % 4 === 0 ? "2001:db8:7::1f" : `192.0.2.${(i % 40) + 7}`,
			bytes: cut ? 65_536 : esp ? 412_672 : 187_136,
			status: i % 23 === 7 ? 206 : 200,
			duration_ms: 240 + ((i * 97) % 2400),
		};
	});
}

const EVENTS = [
	[
		"release.withdraw",
		"mps2-an386 1.0.1",
		"mps2-an386",
		{ state: "released" },
		{ state: "withdrawn", withdrawn_reason: "Loses its network after a day" },
	],
	["update.create", "mps2-0017", "mps2-an386", null, { version: "1.1.0", state: "pending" }],
	["release.promote", "mps2-an386 1.1.0", "mps2-an386", { channel: "beta" }, { channel: "stable" }],
	[
		"link.create",
		"14",
		"mps2-an386",
		null,
		{ artifact: "firmware.signed.bin", expires_in_s: 3600, byte_budget: 748_544 },
	],
	["device.change", "esp8-0042", "esp8266", { name: "", channel: "stable" }, { name: "cellar 4", channel: "beta" }],
	[
		"role.change",
		"line-operators",
		null,
		{ grants: [{ platform: "mps2-an386", permissions: ["device.read"] }] },
		{ grants: [{ platform: "mps2-an386", permissions: ["device.read", "device.write"] }] },
	],
	["account.create", "carla", null, null, { roles: ["viewer"], state: "invited" }],
	["platform.change", "esp8266", "esp8266", { follow_channel: false }, { follow_channel: true }],
	["api-key.revoke", "old-laptop", null, { revoked: false }, { revoked: true }],
	["release.change", "mps2-an386 1.2.0", "mps2-an386", { minimum_version: null }, { minimum_version: "1.0.0" }],
	["device.delete", "mps2-0999", "mps2-an386", { name: "bench 3", channel: "stable" }, null],
];

function audit(now) {
	const actors = ["anna", "ben", "key:ci-firmware", "admin"];
	let previous = hash("start");
	const entries = Array.from({ length: 160 }, (_, i) => {
		const [action, object, platform, before, after] = EVENTS[(160 - 1 - i) % EVENTS.length];
		const made = {
			...GOLDEN.entry,
			seq: i + 1,
			at: at(now - (160 - i) * 53 * MINUTE),
			actor: actors[i % actors.length],
			address: i % 3 === 0 ? "2001:db8:7::1f" : `192.0.2.${(i % 9) + 4}`,
			action,
			object,
			platform,
			before,
			after,
			prev_hash: previous,
			hash: hash(`${previous} ${i}`),
		};
		previous = made.hash;
		return made;
	});
	return entries.reverse();
}

export function makeRecords(now) {
	return { links: links(now), downloads: downloads(now), audit: audit(now) };
}

export const noRecords = () => ({ links: [], downloads: [], audit: [] });

// ---------------------------------------------------------------- statistics

function tally(updates) {
	const of = (state) => updates.filter((u) => u.state === state).length;
	const [succeeded, failed, cancelled] = ["succeeded", "failed", "cancelled"].map(of);
	const lasted = updates
		.filter((u) => u.state === "succeeded" && u.duration_s !== null)
		.map((u) => u.duration_s)
		.sort((a, b) => a - b);
	const ended = succeeded + failed;
	return {
		total: updates.length,
		succeeded,
		failed,
		cancelled,
		in_progress: updates.length - ended - cancelled,
		success_rate: ended === 0 ? null : succeeded / ended,
		duration_s:
			lasted.length === 0
				? null
				: {
						mean: lasted.reduce((a, b) => a + b, 0) / lasted.length,
						p95: lasted[Math.min(lasted.length - 1, Math.floor(lasted.length * 0.95))],
					},
	};
}

function groups(list, key) {
	const found = new Map();
	for (const item of list) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
	return [...found];
}

function statistics(world, query) {
	const chosen = world.updates.filter(updateFits(query));
	const ended = chosen.filter((u) => u.closed_at !== null);
	return {
		...GOLDEN.tally,
		...tally(chosen),
		releases: groups(chosen, (u) => `${u.platform} ${u.version}`).map(([key, list]) => {
			const [platform, version] = key.split(" ");
			return { platform, version, ...tally(list) };
		}),
		days: groups(ended, (u) => u.closed_at.slice(0, 10))
			.map(([day, list]) => ({
				day,
				succeeded: list.filter((u) => u.state === "succeeded").length,
				failed: list.filter((u) => u.state === "failed").length,
			}))
			.sort((a, b) => (a.day < b.day ? -1 : 1)),
	};
}

// ---------------------------------------------------------------- filters and files

const within = (time, query) =>
	(!query.get("from") || Date.parse(time) >= Date.parse(query.get("from"))) &&
	(!query.get("to") || Date.parse(time) <= Date.parse(query.get("to")));

const same = (row, query, ...names) => names.every((n) => !query.get(n) || String(row[n]) === query.get(n));

/** Does an update belong to this question? Also used by GET /updates. */
export const updateFits = (query) => (u) =>
	(query.get("open") !== "true" || !CLOSED.has(u.state)) &&
	same(u, query, "platform", "state", "version", "device") &&
	within(u.created_at, query);

function csv(rows) {
	const [first] = rows;
	if (!first) return "";
	const cell = (v) => {
		const text = v === null ? "" : typeof v === "object" ? JSON.stringify(v) : String(v);
		return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
	};
	const names = Object.keys(first);
	return [names.join(","), ...rows.map((r) => names.map((n) => cell(r[n])).join(","))].map((l) => `${l}\r\n`).join("");
}

/** The rows as a file when the query asks for one, else null. */
export function asFile(rows, query, name) {
	const format = query.get("format");
	if (format === "csv") return new Bytes("text/csv; charset=utf-8", csv(rows), `${name}.csv`);
	if (format !== "jsonl") return null;
	const lines = rows.map((r) => `${JSON.stringify(r)}\n`).join("");
	return new Bytes("application/jsonl", lines, `${name}.jsonl`);
}

// ---------------------------------------------------------------- routes

/** `tools`: what api.mjs has for every route. */
export function recordRoutes(world, { Refusal, paged, find, releaseOf, platformOf, emit }) {
	let serial = 100;

	function linkCreate(platform, version, name, body) {
		const release = releaseOf(platform, version);
		const artifact = find(release.artifacts, "file", (a) => a.name === name);
		const now = Date.now();
		if (body.byte_budget !== undefined && body.byte_budget < artifact.size)
			throw new Refusal(
				422,
				"bad-value",
				"The budget is too small",
				`The file has ${artifact.size} bytes`,
				"/byte_budget",
			);
		const link = {
			...GOLDEN.link,
			id: ++serial,
			platform,
			version,
			artifact: name,
			created_by: world.user.name,
			created_at: at(now),
			expires_at: at(now + (body.expires_in_s ?? 3600) * 1000),
			revoked_at: null,
			byte_budget: body.byte_budget ?? 4 * artifact.size,
			bytes_used: 0,
			uses: 0,
			state: "active",
		};
		world.links.unshift(link);
		return { link, url: `https://otad.test/d/${hash(`${link.id}`).slice(0, 43)}/${name}` };
	}

	function linkRevoke(id) {
		const link = find(world.links, "link", (l) => l.id === Number(id));
		Object.assign(link, { state: "revoked", revoked_at: at(Date.now()) });
	}

	function change(platform, version, body) {
		const release = releaseOf(platform, version);
		if (body.minimum_version && !/^\d+\.\d+\.\d+/.test(body.minimum_version))
			throw new Refusal(422, "bad-version", "This is no version", "Three numbers, as in 1.0.0", "/minimum_version");
		if (release.state === "withdrawn") throw new Refusal(409, "withdrawn", "The release is withdrawn");
		Object.assign(release, body);
		remember(release, "changed", Object.keys(body).join(", "));
		return release;
	}

	function remember(release, step, detail) {
		release.history = [...(release.history ?? []), { at: at(Date.now()), by: world.user.name, step, detail }];
		emit("release", { platform: release.platform, version: release.version, state: release.state });
	}

	function promote(platform, version, { channel }) {
		const release = releaseOf(platform, version);
		if (release.state !== "released") throw new Refusal(409, "not-released", "The release is in no channel yet");
		if (channel !== "stable") throw new Refusal(409, "already-released", "The release is on stable already");
		release.channel = channel;
		platformOf(platform).releases[channel] = version;
		remember(release, "promoted", channel);
		return release;
	}

	function downloadList(query) {
		const rows = world.downloads.filter(
			(d) =>
				same(d, query, "platform", "version", "via") &&
				(!query.get("user") || d.who === query.get("user")) &&
				within(d.at, query),
		);
		return asFile(rows, query, "downloads") ?? paged(rows, query);
	}

	function auditList(query) {
		const fits = (e) =>
			same(e, query, "actor", "platform", "object") &&
			(!query.get("action") || e.action === query.get("action") || e.action.startsWith(`${query.get("action")}.`)) &&
			within(e.at, query);
		return paged(world.audit.filter(fits), query);
	}

	function auditExport(query) {
		const from = Number(query.get("from_seq") ?? 1);
		const to = Number(query.get("to_seq") ?? Number.MAX_SAFE_INTEGER);
		const rows = world.audit.filter((e) => e.seq >= from && e.seq <= to).reverse();
		return asFile(rows, query, "audit") ?? asFile(rows, new URLSearchParams("format=jsonl"), "audit");
	}

	function auditHead() {
		const [newest] = world.audit;
		return newest
			? { ...GOLDEN.head, seq: newest.seq, hash: newest.hash, at: newest.at }
			: { ...GOLDEN.head, seq: 0, hash: "0".repeat(64), at: at(Date.now()) };
	}

	function updateList(query) {
		const rows = world.updates.filter(updateFits(query)).map(({ events, ...u }) => u);
		return asFile(rows, query, "updates") ?? paged(rows, query);
	}

	return [
		["GET", "/updates", ({ query }) => updateList(query)],
		["PATCH", "/platforms/{0}/releases/{1}", ({ params: [p, v], body }) => change(p, v, body)],
		["POST", "/platforms/{0}/releases/{1}/promote", ({ params: [p, v], body }) => promote(p, v, body)],
		[
			"POST",
			"/platforms/{0}/releases/{1}/artifacts/{2}/links",
			({ params: [p, v, n], body }) => linkCreate(p, v, n, body),
		],
		[
			"GET",
			"/links",
			({ query }) =>
				paged(
					world.links.filter((l) => same(l, query, "platform", "state")),
					query,
				),
		],
		["DELETE", "/links/{0}", ({ params: [id] }) => linkRevoke(id)],
		["GET", "/downloads", ({ query }) => downloadList(query)],
		["GET", "/audit", ({ query }) => auditList(query)],
		["GET", "/audit/export", ({ query }) => auditExport(query)],
		["GET", "/audit/head", auditHead],
		["GET", "/statistics", ({ query }) => statistics(world, query)],
	];
}

// ---------------------------------------------------------------- the ESP door

const CHIPS = [
	[/esp32[-_]?c3/i, "ESP32-C3"],
	[/esp32[-_]?s3/i, "ESP32-S3"],
	[/esp8266/i, "ESP8266"],
	[/esp32/i, "ESP32"],
];

/** GET /api/esp/{platform}/manifest.json and .../files/{file} of the newest release of the channel, or null. */
export function espDoor(world, path, query) {
	const [, platform, rest] = /^\/api\/esp\/([^/]+)\/(.+)$/.exec(path) ?? [];
	const version = world.platforms.find((p) => p.name === platform)?.releases[query.get("channel") ?? "stable"];
	const release = world.releases.find((r) => r.platform === platform && r.version === version);
	if (!release) return null;
	const named = rest.startsWith("files/") ? release.artifacts.find((a) => `files/${a.name}` === rest) : null;
	if (named) return new Bytes("application/octet-stream", contentOf(named.name, named.size), named.name);
	if (rest !== "manifest.json") return null;
	const whole = release.artifacts.filter((a) => /factory|merged/.test(a.name));
	const plain = release.artifacts.filter((a) => a.name.endsWith(".bin"));
	const flashed = whole.length > 0 ? whole : plain;
	const fallback = query.get("chip") ?? CHIPS.find(([pattern]) => pattern.test(platform))?.[1];
	const builds = flashed.flatMap((a) => {
		const chip = CHIPS.find(([pattern]) => pattern.test(a.name))?.[1] ?? fallback;
		if (!chip) return [];
		const offset = whole.length > 0 || chip === "ESP8266" ? 0 : 65536;
		const md5 = hash(contentOf(a.name, a.size), "md5");
		return [{ chipFamily: chip, parts: [{ path: `files/${a.name}`, offset, md5 }] }];
	});
	if (builds.length === 0) return null;
	return { name: platform, version, new_install_prompt_erase: true, builds };
}
