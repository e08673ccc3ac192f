// A made-up fleet in the shapes of docs/SPEC.md section 8: enough of everything that every page has something to show.

import { readFileSync } from "node:fs";
import { fewPeople, makePeople } from "./people.mjs";
import { addLife, ESP_PLATFORM, makeRecords, noRecords } from "./records.mjs";
import { makeRepositories } from "./tuf.mjs";

/** One document of tests/vectors/api: what otad's own tests say that otad answers. */
export function golden(name) {
	return JSON.parse(readFileSync(new URL(`../../tests/vectors/api/${name}.json`, import.meta.url), "utf8"));
}

// Everything below lays made-up members over a golden document: the shape is otad's, also when it grows.
const GOLDEN = {
	platform: golden("platform"),
	artifact: golden("artifact"),
	release: golden("release"),
	device: golden("device"),
	update: golden("update"),
	key: golden("api-key"),
	gateway: golden("gateway"),
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A small generator with a fixed seed: the same fleet every time. */
function random(seed) {
	let state = seed;
	return () => {
		state = (state * 1664525 + 1013904223) % 4294967296;
		return state / 4294967296;
	};
}

export const at = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

function digest(seed) {
	const next = random(seed);
	return Array.from({ length: 64 }, () => Math.floor(next() * 16).toString(16)).join("");
}

const IMAGE_KEY = digest(11);
const RELEASE_KEY = digest(12);

function platform(name, title, more) {
	return {
		...GOLDEN.platform,
		name,
		title,
		aliases: [],
		hardware_class: "6ba7b811-9dad-51d1-80b4-00c04fd430c8",
		follow_channel: false,
		key_manifest: {
			sequence: 3,
			keys: [
				{ alg: "ed25519", purpose: "image", key_hash: IMAGE_KEY },
				{ alg: "ed25519", purpose: "release", key_hash: RELEASE_KEY },
			],
		},
		releases: { stable: null, beta: null },
		device_count: 0,
		stale_count: 0,
		...more,
	};
}

function platforms() {
	return [
		platform("mps2-an386", "Cortex-M4 reference board", { releases: { stable: "1.1.0", beta: "1.2.0" } }),
		platform("esp8266", "Wi-Fi sensor", {
			aliases: ["esp-12f", "wemos-d1-mini"],
			follow_channel: true,
			hardware_class: null,
			key_manifest: null,
			releases: { stable: "2.4.1", beta: null },
		}),
		platform("stm32f4-pump", "Pump controller", { releases: { stable: "3.0.2", beta: null } }),
		platform(ESP_PLATFORM, "Room sensor", {
			hardware_class: null,
			key_manifest: null,
			releases: { stable: "1.8.0", beta: "1.9.0" },
		}),
	];
}

let releaseId = 0;

function release(now, owner, version, state, channel, age) {
	const id = ++releaseId;
	const mcuboot = owner !== "esp8266";
	const counter = mcuboot ? id : null;
	const artifact = (name, size, seed, kind) => ({
		...GOLDEN.artifact,
		name,
		size,
		sha256: digest(seed),
		kind,
		version: kind === "mcuboot" ? version : null,
		security_counter: kind === "mcuboot" ? counter : null,
		hardware_class: kind === "mcuboot" ? "6ba7b811-9dad-51d1-80b4-00c04fd430c8" : null,
		key_hash: kind === "mcuboot" ? IMAGE_KEY : null,
	});
	const artifacts =
		state === "draft"
			? []
			: mcuboot
				? [
						artifact("firmware.signed.bin", 184_320 + id * 512, id, "mcuboot"),
						artifact("notes.txt", 812, id + 50, "file"),
					]
				: [artifact("firmware.bin", 412_672, id, "file")];
	return {
		...GOLDEN.release,
		id,
		platform: owner,
		version,
		channel,
		state,
		security_counter: counter,
		notes: state === "draft" ? "" : "Steadier network start, smaller heartbeat.",
		created_at: at(now - age),
		created_by: "key:ci-firmware",
		released_at: state === "released" || state === "withdrawn" ? at(now - age + HOUR) : null,
		withdrawn_reason: state === "withdrawn" ? "Loses its network after a day" : null,
		signed_by: mcuboot && state !== "draft" ? [IMAGE_KEY] : [],
		sums_signed_by: "9f86d081884c7d65",
		expected_count: state === "draft" ? 2 : artifacts.length,
		artifacts,
		running_on: 0,
	};
}

function releases(now) {
	releaseId = 0;
	return [
		release(now, "mps2-an386", "1.0.0", "released", "stable", 40 * DAY),
		release(now, "mps2-an386", "1.0.1", "withdrawn", "stable", 21 * DAY),
		release(now, "mps2-an386", "1.1.0", "released", "stable", 9 * DAY),
		release(now, "mps2-an386", "1.2.0", "released", "beta", 2 * DAY),
		release(now, "mps2-an386", "1.3.0", "complete", null, 3 * HOUR),
		release(now, "esp8266", "2.4.0", "released", "stable", 60 * DAY),
		release(now, "esp8266", "2.4.1", "released", "stable", 12 * DAY),
		release(now, "stm32f4-pump", "3.0.1", "released", "stable", 90 * DAY),
		release(now, "stm32f4-pump", "3.0.2", "released", "stable", 30 * DAY),
		release(now, "stm32f4-pump", "3.1.0", "draft", null, 20 * MINUTE),
	].reverse();
}

const NAMES = ["roof", "cellar", "gate", "boiler", "lab", "hall", "press", "line", "dock", "tank"];
const OLD = { "mps2-an386": "1.0.0", esp8266: "2.4.0", "stm32f4-pump": "3.0.1" };
const NEW = { "mps2-an386": "1.1.0", esp8266: "2.4.1", "stm32f4-pump": "3.0.2" };

/** Most because of what expired, some for reasons of their own; `i` is 11 and 40 more again and again. */
function staleSince(now, i) {
	const why = ["metadata-expired", "not-followed", "metadata-expired", "no-repository"][Math.floor(i / 40) % 4];
	const expired = why === "metadata-expired";
	return {
		since: at(now - DAY - i * MINUTE),
		why,
		role: expired ? "targets" : null,
		expired_at: expired ? at(now - 2 * DAY) : null,
	};
}

function device(now, i, next) {
	const owner = i % 7 === 0 ? "stm32f4-pump" : i % 3 === 0 ? "esp8266" : "mps2-an386";
	const roll = next();
	const state = roll < 0.88 ? "online" : roll < 0.93 ? "late" : roll < 0.98 ? "offline" : "never";
	const seen = { online: 4_000 + next() * 50_000, late: 9 * MINUTE, offline: 2 * DAY + next() * DAY, never: 0 }[state];
	const version = state === "never" ? null : next() < 0.6 ? NEW[owner] : OLD[owner];
	const address = `10.20.${Math.floor(i / 200)}.${(i % 200) + 10}`;
	return {
		...GOLDEN.device,
		id: `${owner.slice(0, 4).replace(/-$/, "")}-${String(i).padStart(4, "0")}`,
		platform: owner,
		name: i % 2 === 0 ? `${NAMES[i % NAMES.length]} ${Math.floor(i / 10) + 1}` : "",
		channel: i % 11 === 0 ? "beta" : "stable",
		state,
		version,
		target_version: version,
		last_seen_at: state === "never" ? null : at(now - seen),
		address: state === "never" ? "" : address,
		registered_at: at(now - 70 * DAY + i * HOUR),
		update: null,
		heartbeat:
			owner === "mps2-an386" && state !== "never"
				? {
						...GOLDEN.device.heartbeat,
						version,
						slot: "A",
						uptime_s: 86_000 + i * 97,
						reset_cause: "power-on",
						free_bytes: 41_216,
						address,
						app: "beacon",
					}
				: null,
		stale: i % 40 === 11 && owner === "mps2-an386" && state !== "never" ? staleSince(now, i) : null,
		attributes: { hw_revision: "B", platform: owner, sw_version: version ?? "" },
	};
}

let updateId = 100;

export function newUpdate(now, target, version, more = {}) {
	return {
		...GOLDEN.update,
		id: ++updateId,
		device: target.id,
		platform: target.platform,
		from_version: target.version,
		version,
		state: "pending",
		progress_percent: 0,
		reason: null,
		created_at: at(now),
		created_by: "admin",
		updated_at: at(now),
		closed_at: null,
		source: "ddi",
		started_at: more.state && more.state !== "pending" ? at(now + 4_000) : null,
		duration_s: null,
		events: [],
		...more,
	};
}

export function event(ms, execution, result, progress_percent, details = []) {
	return { at: at(ms), execution, result, progress_percent, details };
}

function goodEvents(start) {
	return [
		event(start + 20_000, "proceeding", "none", null, ["accepted"]),
		event(start + 40_000, "download", "none", 60),
		event(start + 70_000, "downloaded", "none", 100),
		event(start + 75_000, "installing", "none", null),
		event(start + 120_000, "closed", "success", 100, ["confirmed in slot A"]),
	];
}

function history(now, devices) {
	const updates = [];
	const past = (target, age, more) => {
		const lasted_s = 60 + ((updates.length * 37) % 240);
		const version = target.version ?? OLD[target.platform];
		const done = {
			state: "succeeded",
			progress_percent: 100,
			from_version: OLD[target.platform],
			closed_at: at(now - age + 4_000 + lasted_s * 1000),
			duration_s: lasted_s,
		};
		updates.push(
			newUpdate(now - age, target, version, {
				...done,
				updated_at: done.closed_at,
				events: goodEvents(now - age),
				...more,
			}),
		);
	};
	const moved = devices.filter((d) => d.version === NEW[d.platform]).filter((_, i) => i % 6 === 0);
	for (let i = 0; i < 240; i++) {
		const failed = i % 19 === 4 || (i > 100 && i < 108);
		past(moved[i % 40], DAY * (31 - i / 8) + ((i * 7919) % 20) * HOUR + HOUR, {
			version: OLD[moved[i % 40].platform],
			from_version: "0.9.0",
			created_by: "channel stable",
			source: i % 6 === 0 ? "plain" : "ddi",
			...(failed ? { state: "failed", reason: i % 2 ? "reverted-not-confirmed" : "bad-hash" } : {}),
			...(i % 41 === 7 ? { state: "cancelled", reason: null } : {}),
		});
	}
	moved.slice(0, 40).forEach((d, i) => {
		past(d, (40 - i) * 20 * MINUTE + HOUR, { created_by: i % 4 === 0 ? "admin" : "channel stable" });
	});
	const stuck = devices.filter((d) => d.version === OLD[d.platform] && d.state === "online");
	const failed = (target, reason, age) =>
		past(target, age, {
			version: NEW[target.platform],
			from_version: target.version,
			state: "failed",
			progress_percent: 100,
			reason,
			events: [...goodEvents(now - age).slice(0, 4), event(now - age + 300_000, "closed", "failure", null, [reason])],
		});
	failed(stuck[0], "reverted-not-confirmed", 50 * MINUTE);
	failed(stuck[1], "bad-signature", 26 * MINUTE);
	return updates;
}

const UNDER_WAY = [
	["downloading", 62],
	["installing", null],
	["downloading", 8],
	["pending", 0],
];

function begin(now, devices) {
	const idle = devices
		.filter((d) => d.platform === "mps2-an386" && d.version === "1.0.0" && d.state === "online")
		.slice(3);
	return UNDER_WAY.map(([state, percent], i) => {
		const start = now - (i + 1) * 40_000;
		const events = state === "pending" ? [] : [event(start + 5_000, "proceeding", "none", null, ["accepted"])];
		if (percent > 0) events.push(event(start + 12_000, "download", "none", percent));
		const update = newUpdate(start, idle[i], "1.1.0", {
			state,
			progress_percent: percent,
			updated_at: at(now - 9_000),
			events,
		});
		idle[i].update = update;
		idle[i].target_version = "1.1.0";
		return update;
	});
}

export function keys(now) {
	return [
		{
			...GOLDEN.key,
			id: 1,
			name: "ci-firmware",
			scopes: ["release.upload", "release.read"],
			platforms: ["mps2-an386"],
			created_at: at(now - 40 * DAY),
			created_by: "admin",
			last_used_at: at(now - 3 * HOUR),
			expires_at: at(now + 50 * DAY),
			revoked_at: null,
		},
		{
			...GOLDEN.key,
			id: 2,
			name: "nightly",
			scopes: ["release.upload", "release.read", "device.read"],
			platforms: ["*"],
			created_at: at(now - 20 * DAY),
			created_by: "admin",
			last_used_at: null,
			expires_at: null,
			revoked_at: null,
		},
		{
			...GOLDEN.key,
			id: 3,
			name: "old-laptop",
			scopes: ["release.upload"],
			platforms: ["esp8266"],
			created_at: at(now - 200 * DAY),
			created_by: "admin",
			last_used_at: at(now - 120 * DAY),
			expires_at: null,
			revoked_at: at(now - 90 * DAY),
		},
	];
}

/** Running numbers of each release and platform, from the devices. */
export function recount(world) {
	for (const p of world.platforms) {
		const own = world.devices.filter((d) => d.platform === p.name);
		p.device_count = own.length;
		p.stale_count = own.filter((d) => d.stale !== null).length;
	}
	for (const r of world.releases) {
		r.running_on = world.devices.filter((d) => d.platform === r.platform && d.version === r.version).length;
	}
}

export function makeWorld(now, deviceCount = 420) {
	const next = random(7);
	updateId = 100;
	const devices = Array.from({ length: deviceCount }, (_, i) => device(now, i + 1, next)).sort((a, b) =>
		a.id < b.id ? -1 : 1,
	);
	const updates = [...history(now, devices), ...begin(now, devices)].sort((a, b) => b.id - a.id);
	for (const u of updates) {
		const owner = devices.find((d) => d.id === u.device);
		if (owner && owner.update === null) owner.update = u;
	}
	const world = {
		...makePeople(now),
		platforms: platforms(),
		releases: releases(now),
		devices,
		updates,
		keys: keys(now),
		gateways: [
			{
				...GOLDEN.gateway,
				id: 1,
				name: "factory-line-1",
				platform: "mps2-an386",
				created_at: at(now - 40 * DAY),
				created_by: "admin",
				revoked_at: null,
			},
			{
				...GOLDEN.gateway,
				id: 2,
				name: "first-tests",
				platform: "esp8266",
				created_at: at(now - 80 * DAY),
				revoked_at: at(now - 10 * DAY),
			},
		],
	};
	Object.assign(world, makeRecords(now), makeRepositories(now));
	addLife(world, (...known) => release(now, ...known));
	recount(world);
	return world;
}

/** A server nobody has used yet. */
export function emptyWorld() {
	return {
		...fewPeople(Date.now()),
		platforms: [],
		releases: [],
		devices: [],
		updates: [],
		keys: [],
		gateways: [],
		...noRecords(),
		repositories: [],
	};
}
