// The API of docs/SPEC.md section 8 over a made-up fleet: routes, answers and problems, no HTTP.

import { createHash } from "node:crypto";
import { at, event, golden, newUpdate, recount } from "./fleet.mjs";
import { peopleRoutes } from "./people.mjs";
import { recordRoutes } from "./records.mjs";
import { tufRoutes } from "./tuf.mjs";

const CLOSED = new Set(["succeeded", "failed", "cancelled"]);

export class Refusal extends Error {
	constructor(status, code, title, detail = "", pointer) {
		super(title);
		this.status = status;
		this.document = {
			type: "about:blank",
			title,
			status,
			code,
			detail,
			...(pointer ? { pointer } : {}),
			request_id: "mock-1",
		};
	}
}

const missing = (what) => new Refusal(404, "not-found", `There is no such ${what}`);
const find = (list, what, test) => {
	const found = list.find(test);
	if (!found) throw missing(what);
	return found;
};

function paged(items, query) {
	const limit = Math.min(Number(query.get("limit") ?? 50), 200);
	const start = Number(query.get("after") ?? 0);
	const page = items.slice(start, start + limit);
	return { items: page, next: start + limit < items.length ? String(start + limit) : null };
}

const { attributes: _a, ...NO_ATTRIBUTES } = { attributes: 0 };
const plain = ({ events, ...u }) => u;

const ended = ({ state, version, reason, closed_at }) => ({ state, version, reason, closed_at });

/** `session` tells whose rights count now. */
export function makeApi(world, emit, session) {
	const brief = ({ attributes, update, ...d }) => {
		const newest = update ?? world.updates.find((u) => u.device === d.id);
		return {
			...d,
			update: newest && !CLOSED.has(newest.state) ? plain(newest) : null,
			last_update: newest && CLOSED.has(newest.state) ? ended(newest) : null,
			...NO_ATTRIBUTES,
		};
	};
	const changed = (d) => emit("device", brief(d));
	const deviceOf = (id) => find(world.devices, "device", (d) => d.id === id);
	const platformOf = (name) => find(world.platforms, "platform", (p) => p.name === name || p.aliases.includes(name));
	const releaseOf = (p, v) => find(world.releases, "release", (r) => r.platform === p && r.version === v);
	let serial = 1000;

	function step(update, change, record) {
		const now = Date.now();
		Object.assign(update, change, { updated_at: at(now) });
		if (update.state !== "pending") update.started_at ??= at(now);
		if (CLOSED.has(update.state)) {
			update.closed_at = at(now);
			update.duration_s = Math.round((now - Date.parse(update.started_at ?? update.created_at)) / 1000);
		}
		if (record) update.events.push(event(now, ...record));
		const owner = world.devices.find((d) => d.id === update.device);
		emit("update", plain(update));
		if (!owner) return;
		owner.update = update;
		owner.last_seen_at = at(now);
		if (update.state === "succeeded") {
			owner.version = update.version;
			recount(world);
		}
		if (CLOSED.has(update.state)) owner.target_version = owner.version;
		changed(owner);
	}

	function assign(id, { version }) {
		const target = deviceOf(id);
		if (target.update && !CLOSED.has(target.update.state)) {
			throw new Refusal(
				409,
				"update-in-progress",
				"An update is in progress",
				`${id} is being updated to ${target.update.version}`,
			);
		}
		if (target.version === version) throw new Refusal(409, "same-version", "The device runs this version already");
		releaseOf(target.platform, version);
		const update = newUpdate(Date.now(), target, version);
		target.update = update;
		target.target_version = version;
		world.updates.unshift(update);
		emit("update", plain(update));
		changed(target);
		return update;
	}

	function deviceList(query) {
		const { platform, state, stale, q } = Object.fromEntries(query);
		const words = (q ?? "").toLowerCase();
		const fits = (d) =>
			(!platform || d.platform === platform) &&
			(!state || d.state === state) &&
			(!stale || String(d.stale !== null) === stale) &&
			(!words || `${d.id} ${d.name} ${d.address}`.toLowerCase().includes(words));
		return paged(world.devices.filter(fits).map(brief), query);
	}

	function deviceCreate(body) {
		if (world.devices.some((d) => d.id === body.id)) {
			throw new Refusal(409, "exists", "A device of this id exists", "Choose another id", "/id");
		}
		const made = {
			...golden("device-new"),
			id: body.id,
			platform: platformOf(body.platform).name,
			name: body.name ?? "",
			channel: body.channel ?? "stable",
			state: "never",
			version: null,
			target_version: null,
			last_seen_at: null,
			address: "",
			registered_at: at(Date.now()),
			update: null,
			heartbeat: null,
			stale: null,
			attributes: {},
		};
		world.devices.push(made);
		recount(world);
		changed(made);
		return { device: made, token: `mock-token-${++serial}` };
	}

	function deviceChange(id, body) {
		const d = Object.assign(deviceOf(id), body);
		changed(d);
		return d;
	}

	function remove(list, what, test) {
		const found = find(list, what, test);
		list.splice(list.indexOf(found), 1);
	}

	function platformCreate(body) {
		if (world.platforms.some((p) => p.name === body.name)) {
			throw new Refusal(409, "exists", "A platform of this name exists", "Names and aliases are unique", "/name");
		}
		const made = {
			...golden("platform-bare"),
			name: body.name,
			title: body.title,
			aliases: body.aliases,
			hardware_class: null,
			follow_channel: body.follow_channel,
			key_manifest: null,
			releases: { stable: null, beta: null },
			device_count: 0,
			stale_count: 0,
		};
		world.platforms.push(made);
		return made;
	}

	function releasePut(platform, version, body) {
		const known = world.releases.find((r) => r.platform === platform && r.version === version);
		if (known) return known;
		const made = {
			...golden("release"),
			id: ++serial,
			platform: platformOf(platform).name,
			version,
			channel: null,
			state: "draft",
			security_counter: null,
			notes: body.notes ?? "",
			created_at: at(Date.now()),
			created_by: "admin",
			released_at: null,
			withdrawn_reason: null,
			signed_by: [],
			sums_signed_by: "9f86d081884c7d65",
			expected_count: body.sums.split("\n").filter((line) => line !== "").length,
			artifacts: [],
			running_on: 0,
			minimum_version: null,
			sbom: null,
			history: [{ at: at(Date.now()), by: "admin", step: "created", detail: "" }],
		};
		world.releases.unshift(made);
		return made;
	}

	function artifactPut(platform, version, name, bytes) {
		const release = releaseOf(platform, version);
		const sha256 = createHash("sha256").update(bytes).digest("hex");
		if (name.includes("forged"))
			throw new Refusal(
				422,
				"bad-signature",
				"The image's signature is not valid",
				`${name} is signed by no key of the manifest`,
			);
		const artifact = {
			...golden("artifact"),
			name,
			size: bytes.length,
			sha256,
			kind: "file",
			version: null,
			security_counter: null,
			hardware_class: null,
			key_hash: null,
		};
		release.artifacts = [...release.artifacts.filter((a) => a.name !== name), artifact];
		if (release.artifacts.length >= release.expected_count) release.state = "complete";
		emit("release", { platform, version, state: release.state });
		return artifact;
	}

	function stepped(release, step, detail) {
		release.history = [...(release.history ?? []), { at: at(Date.now()), by: world.user.name, step, detail }];
	}

	function doRelease(platform, version, { channel }) {
		const release = Object.assign(releaseOf(platform, version), {
			state: "released",
			channel,
			released_at: at(Date.now()),
		});
		platformOf(platform).releases[channel] = version;
		stepped(release, "released", channel);
		emit("release", { platform, version, state: "released" });
		return release;
	}

	function doWithdraw(platform, version, { reason }) {
		const release = Object.assign(releaseOf(platform, version), { state: "withdrawn", withdrawn_reason: reason });
		stepped(release, "withdrawn", reason);
		emit("release", { platform, version, state: "withdrawn" });
		return release;
	}

	function keyCreate(body) {
		const now = Date.now();
		const key = {
			...golden("api-key"),
			id: ++serial,
			name: body.name,
			scopes: body.scopes,
			platforms: body.platforms,
			created_at: at(now),
			created_by: world.user.name,
			last_used_at: null,
			expires_at: body.expires_in_days ? at(now + body.expires_in_days * 86_400_000) : null,
			revoked_at: null,
		};
		world.keys.unshift(key);
		return { key, secret: `otad_${key.id}_Zk3bQ8vN1xY7rT5mW2pL9sD4` };
	}

	function gatewayCreate(body) {
		const gateway = {
			...golden("gateway"),
			id: ++serial,
			name: body.name,
			platform: body.platform,
			created_at: at(Date.now()),
			revoked_at: null,
		};
		world.gateways.unshift(gateway);
		return { gateway, secret: `otadgw_${gateway.id}_h7Gf2kQ9` };
	}

	const revoke = (list, id) => {
		find(list, "key", (k) => k.id === Number(id)).revoked_at = at(Date.now());
	};

	/** [method, pattern with {holes}, handler({params, query, body, bytes})]; an undefined answer is 204. */
	const routes = [
		...peopleRoutes(world, { Refusal, paged, find, session }),
		...recordRoutes(world, { Refusal, paged, find, releaseOf, platformOf, emit }),
		...tufRoutes(world, { Refusal, find, platformOf }),
		["GET", "/platforms", ({ query }) => paged(world.platforms, query)],
		["POST", "/platforms", ({ body }) => platformCreate(body)],
		["GET", "/platforms/{0}", ({ params: [p] }) => platformOf(p)],
		["PATCH", "/platforms/{0}", ({ params: [p], body }) => Object.assign(platformOf(p), body)],
		[
			"PUT",
			"/platforms/{0}/key-manifest",
			({ params: [p] }) => {
				const owner = platformOf(p);
				throw new Refusal(
					409,
					"sequence-too-low",
					"The sequence is too low",
					`It must be above ${owner.key_manifest?.sequence ?? 0}`,
				);
			},
		],
		[
			"GET",
			"/releases",
			({ query }) =>
				paged(
					world.releases.filter((r) => !query.get("platform") || r.platform === query.get("platform")),
					query,
				),
		],
		["GET", "/platforms/{0}/releases/{1}", ({ params: [p, v] }) => releaseOf(p, v)],
		["PUT", "/platforms/{0}/releases/{1}", ({ params: [p, v], body }) => releasePut(p, v, body)],
		["PUT", "/platforms/{0}/releases/{1}/artifacts/{2}", ({ params: [p, v, n], bytes }) => artifactPut(p, v, n, bytes)],
		["POST", "/platforms/{0}/releases/{1}/release", ({ params: [p, v], body }) => doRelease(p, v, body)],
		["POST", "/platforms/{0}/releases/{1}/withdraw", ({ params: [p, v], body }) => doWithdraw(p, v, body)],
		["GET", "/devices", ({ query }) => deviceList(query)],
		["POST", "/devices", ({ body }) => deviceCreate(body)],
		["GET", "/devices/{0}", ({ params: [id] }) => ({ ...brief(deviceOf(id)), attributes: deviceOf(id).attributes })],
		["PATCH", "/devices/{0}", ({ params: [id], body }) => deviceChange(id, body)],
		["DELETE", "/devices/{0}", ({ params: [id] }) => remove(world.devices, "device", (d) => d.id === id)],
		["POST", "/devices/{0}/token", ({ params: [id] }) => ({ token: `mock-token-${deviceOf(id).id}-${++serial}` })],
		[
			"GET",
			"/devices/{0}/updates",
			({ params: [id], query }) =>
				paged(
					world.updates.filter((u) => u.device === id),
					query,
				),
		],
		["POST", "/devices/{0}/updates", ({ params: [id], body }) => plain(assign(id, body))],
		["GET", "/updates/{0}", ({ params: [id] }) => find(world.updates, "update", (u) => u.id === Number(id))],
		[
			"POST",
			"/updates/{0}/cancel",
			({ params: [id] }) => {
				const update = find(world.updates, "update", (u) => u.id === Number(id));
				step(update, { state: "cancelling" });
				return plain(update);
			},
		],
		["GET", "/api-keys", ({ query }) => paged(world.keys, query)],
		["POST", "/api-keys", ({ body }) => keyCreate(body)],
		["DELETE", "/api-keys/{0}", ({ params: [id] }) => revoke(world.keys, id)],
		["GET", "/gateway-tokens", ({ query }) => paged(world.gateways, query)],
		["POST", "/gateway-tokens", ({ body }) => gatewayCreate(body)],
		["DELETE", "/gateway-tokens/{0}", ({ params: [id] }) => revoke(world.gateways, id)],
	].map(([method, pattern, handler]) => ({
		method,
		handler,
		match: new RegExp(`^${pattern.replace(/\{\d\}/g, "([^/]+)")}$`),
	}));

	function call(method, path, query, body, bytes) {
		for (const route of routes) {
			const found = route.method === method && route.match.exec(path);
			if (found) return route.handler({ params: found.slice(1).map(decodeURIComponent), query, body, bytes });
		}
		throw missing("route");
	}

	return { call, step, assign };
}

/** One move of every open update: what devices would report in the next seconds. */
export function tick(world, api) {
	for (const update of world.updates.filter((u) => !CLOSED.has(u.state))) {
		const percent = update.progress_percent ?? 0;
		switch (update.state) {
			case "pending":
				api.step(update, { state: "retrieved" }, ["proceeding", "none", null, ["accepted"]]);
				break;
			case "retrieved":
			case "downloading": {
				const next = Math.min(100, percent + 6);
				const done = next === 100;
				api.step(update, { state: done ? "downloaded" : "downloading", progress_percent: next }, [
					done ? "downloaded" : "download",
					"none",
					next,
				]);
				break;
			}
			case "downloaded":
				api.step(update, { state: "installing", progress_percent: null }, ["installing", "none", null]);
				break;
			case "installing":
				api.step(update, { state: "succeeded", progress_percent: 100 }, [
					"closed",
					"success",
					100,
					["confirmed in slot A"],
				]);
				break;
			case "cancelling":
				api.step(update, { state: "cancelled" }, ["canceled", "success", null]);
				break;
		}
	}
}
