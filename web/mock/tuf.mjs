// Repositories of signed metadata for the mock (docs/SPEC.md section 10): what stands and what waits, signed by nobody.

import { createHash } from "node:crypto";
import { at, golden } from "./fleet.mjs";

const GOLDEN = golden("tuf");
const [FILE] = GOLDEN.roles;
const [WAITING] = GOLDEN.pending;
const [TARGET] = GOLDEN.targets;
const [KEY] = GOLDEN.online_keys;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PLATFORM = "mps2-an386";
const ONLINE = ["snapshot", "timestamp", "director"];

const idOf = (text) => createHash("sha256").update(text).digest("hex");
const role = (keyids, threshold) => ({ keyids, threshold });
const [ANNA, BEN, CARLA, DORA] = ["anna", "ben", "carla", "dora"].map(idOf);

const targets = (...list) =>
	Object.fromEntries(
		list.map(([version, channel]) => [
			`${version}/firmware.signed.bin`,
			{ ...TARGET.entry, custom: { ...TARGET.entry.custom, channel, version } },
		]),
	);

/** The signed parts: of each role what stands, and what waits. */
function documents() {
	const keys = Object.fromEntries(ONLINE.map((r) => [r, role([idOf(r)], 1)]));
	const { director, ...roles } = keys;
	const root = {
		roles: { ...roles, root: role([ANNA, BEN], 2), targets: role([ANNA], 1) },
		"x-otad-director": director,
	};
	const delegations = (...managers) => ({
		delegations: { roles: [{ name: PLATFORM, ...role(managers, 2) }] },
		targets: {},
	});
	return {
		stands: {
			"1.root.json": root,
			"1.targets.json": delegations(ANNA, BEN, CARLA),
			[`4.${PLATFORM}.json`]: { targets: targets(["1.0.2", "stable"], ["1.1.0", "stable"]) },
		},
		waits: {
			[`5.${PLATFORM}.json`]: { targets: targets(["1.1.0", "stable"], ["1.2.0", "beta"]) },
			"2.targets.json": delegations(ANNA, BEN, DORA),
		},
	};
}

function repository(now) {
	const { stands, waits } = documents();
	const file = (name, more) => {
		const [, version, role] = /^(?:(\d+)\.)?(.*)\.json$/.exec(name);
		return { role, file: name, version: Number(version ?? 61), ...more };
	};
	const published = (name, age, lasts) => ({
		...FILE,
		...file(name, { expires: at(now - age + lasts), published_at: at(now - age), published_by: "anna" }),
	});
	const waiting = (name, signed_by, keys, threshold) => ({
		...WAITING,
		...file(name, { expires: at(now + 30 * DAY), submitted_at: at(now - 2 * HOUR), submitted_by: "key:managers" }),
		id: idOf(name),
		keys,
		signed_by,
		threshold,
		missing: threshold - signed_by.length,
	});
	return {
		...GOLDEN,
		platform: PLATFORM,
		metadata: `/tuf/DEFAULT/${PLATFORM}/metadata/`,
		online_keys: ONLINE.map((r) => ({ ...KEY, role: r, keyid: idOf(r), used: true })),
		roles: [
			published("1.root.json", 200 * DAY, 365 * DAY),
			published("1.targets.json", 32 * DAY, 30 * DAY),
			published(`4.${PLATFORM}.json`, 26 * DAY, 30 * DAY),
			published("17.snapshot.json", 2 * DAY, 7 * DAY),
			published("timestamp.json", 3 * HOUR, DAY),
		],
		files: [...Object.keys(stands), "17.snapshot.json", "timestamp.json"],
		targets: Object.entries(stands[`4.${PLATFORM}.json`].targets).map(([path, entry]) => ({ ...TARGET, path, entry })),
		pending: [waiting(`5.${PLATFORM}.json`, [BEN], [ANNA, BEN, CARLA], 2), waiting("2.targets.json", [], [ANNA], 1)],
		documents: { stands, waits },
		signed_by: { root: [ANNA, BEN], targets: [ANNA], [PLATFORM]: [ANNA, BEN] },
	};
}

/** A platform without one answers as otad does before its first root. */
function without(platform) {
	return {
		...GOLDEN,
		platform,
		metadata: `/tuf/DEFAULT/${platform}/metadata/`,
		protected: false,
		online_keys: ONLINE.map((r) => ({ ...KEY, role: r, keyid: idOf(r), used: false })),
		roles: [],
		files: [],
		targets: [],
		pending: [],
	};
}

export const makeRepositories = (now) => ({ repositories: [repository(now)] });

/** `tools`: what api.mjs has for every route. */
export function tufRoutes(world, { Refusal, find, platformOf }) {
	const repositoryOf = (p) => {
		const { name } = platformOf(p);
		const {
			documents: _,
			signed_by: __,
			...answer
		} = world.repositories.find((r) => r.platform === name) ?? without(name);
		return answer;
	};
	/** One more signature on what waits; anything else this mock refuses as otad does what nobody may sign. */
	function send(p, name, body) {
		if (body === undefined) throw new Refusal(415, "unsupported-media-type", "This route takes application/json");
		const { signatures, signed } = body;
		const kept = find(world.repositories, "repository", (r) => r.platform === p);
		const w = kept.pending.find((x) => x.file === name);
		const valid = signatures.map((s) => s.keyid).filter((id) => w?.keys.includes(id));
		if (w === undefined || valid.length === 0)
			throw new Refusal(422, "bad-signature", "No signature on it counts", `${name} is signed by nobody who may`);
		w.signed_by = [...new Set([...w.signed_by, ...valid])];
		w.missing = Math.max(0, w.threshold - w.signed_by.length);
		if (w.missing > 0) return { published: [], pending: kept.pending };
		const now = Date.now();
		kept.documents.stands[name] = signed;
		kept.signed_by[w.role] = w.signed_by;
		kept.pending = kept.pending.filter((x) => x !== w);
		kept.roles = kept.roles.map((f) =>
			f.role === w.role ? { ...f, ...pick(w), published_at: at(now), published_by: world.user.name } : f,
		);
		return { published: [name], pending: kept.pending };
	}
	const pick = ({ role, file, version, size, expires }) => ({ role, file, version, size, expires });
	function remove(p, id) {
		const kept = find(world.repositories, "waiting file", (r) => r.platform === p);
		const w = find(kept.pending, "waiting file", (x) => x.id === id);
		kept.pending = kept.pending.filter((x) => x !== w);
	}
	function publicSet(p, { public_targets }) {
		find(world.repositories, "repository", (r) => r.platform === p).public_targets = public_targets;
		return repositoryOf(p);
	}
	function waitingOf(p, id) {
		const kept = find(world.repositories, "waiting file", (r) => r.platform === p);
		const { file, signed_by } = find(kept.pending, "waiting file", (w) => w.id === id);
		return { signatures: signed_by.map((keyid) => ({ keyid, sig: "" })), signed: kept.documents.waits[file] };
	}
	return [
		["GET", "/platforms/{0}/tuf", ({ params: [p] }) => repositoryOf(p)],
		["GET", "/platforms/{0}/tuf/pending", ({ params: [p] }) => ({ pending: repositoryOf(p).pending })],
		["GET", "/platforms/{0}/tuf/pending/{1}", ({ params: [p, id] }) => waitingOf(p, id)],
		["DELETE", "/platforms/{0}/tuf/pending/{1}", ({ params: [p, id] }) => remove(p, id)],
		["PATCH", "/platforms/{0}/tuf", ({ params: [p], body }) => publicSet(p, body)],
		["PUT", "/platforms/{0}/tuf/{1}", ({ params: [p, name], body }) => send(p, name, body)],
	];
}

/** GET /tuf/{tenant}/{platform}/metadata/{file}, or null. */
export function tufDoor(world, path) {
	const [, platform, file] = /^\/tuf\/DEFAULT\/([^/]+)\/metadata\/([^/]+)$/.exec(path) ?? [];
	const kept = world.repositories.find((r) => r.platform === platform);
	const signed = kept?.documents.stands[file];
	if (signed === undefined) return null;
	const role = file.replace(/^\d+\./, "").replace(/\.json$/, "");
	return { signatures: (kept.signed_by[role] ?? []).map((keyid) => ({ keyid, sig: "" })), signed };
}
