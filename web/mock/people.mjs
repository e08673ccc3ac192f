// People, roles, sign-ins and one-time links for the mock (docs/SPEC.md sections 8.4 and 8.13). Shapes come from
// tests/vectors/api, contents are made up. Codes of a second factor: always CODE.

import { at, golden } from "./fleet.mjs";

export const PASSWORD = "correct horse battery";
export const CODE = "123456";
const SETUP_TOKEN = "mock-setup-token";
export const JOIN_TOKEN = "mock-join-token";
export const RESET_TOKEN = "mock-reset-token";
const PASSWORD_MIN = 12;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LINK_LASTS = 72 * HOUR;

const GOLDEN = {
	user: golden("user"),
	account: golden("account"),
	role: golden("role"),
	signIn: golden("sign-in"),
	totp: golden("totp"),
	codes: golden("recovery-codes"),
	check: golden("join-check"),
	invitation: golden("invitation"),
	link: golden("one-time-link"),
};

const EVERY = GOLDEN.role.grants[0].permissions;
const VIEW = ["device.read", "release.read"];
const OPERATE = [...VIEW, "device.write", "link.create"];
const MANAGE = [...OPERATE, "release.upload", "release.manage", "release.promote", "release.withdraw", "audit.read"];

const AGENTS = [
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
];

const byOrder = (permissions) => EVERY.filter((p) => permissions.includes(p));

/** One list of grants for several: each platform once. */
export function union(grants) {
	const platforms = [...new Set(grants.map((g) => g.platform))];
	return platforms.map((platform) => ({
		platform,
		permissions: byOrder(grants.filter((g) => g.platform === platform).flatMap((g) => g.permissions)),
	}));
}

function roles() {
	const builtin = (name, title, permissions) => ({
		...GOLDEN.role,
		name,
		title,
		grants: [{ platform: "*", permissions: byOrder(permissions) }],
		user_count: 0,
	});
	const own = (name, title, grants) => ({ ...GOLDEN.role, name, title, builtin: false, grants, user_count: 0 });
	return [
		builtin("admin", "Administrator", EVERY),
		builtin("manager", "Release manager", MANAGE),
		builtin("operator", "Operator", OPERATE),
		builtin("viewer", "Viewer", VIEW),
		own("esp-team", "ESP team", [
			{ platform: "esp8266", permissions: byOrder([...OPERATE, "release.upload"]) },
			{ platform: "esp32-sensor", permissions: byOrder([...OPERATE, "release.upload", "release.promote"]) },
		]),
		own("pump-support", "Pump support", [
			{ platform: "*", permissions: ["release.read"] },
			{ platform: "stm32f4-pump", permissions: ["device.read", "device.write", "release.read"] },
		]),
	];
}

function user(now, name, roleNames, more = {}) {
	return {
		...GOLDEN.user,
		name,
		roles: roleNames,
		state: "active",
		totp: false,
		created_at: at(now - 90 * DAY),
		created_by: "admin",
		last_sign_in_at: at(now - 2 * HOUR),
		...more,
	};
}

let serial = 40;

export function signIn(now, age, i, more = {}) {
	return {
		...GOLDEN.signIn,
		id: ++serial,
		created_at: at(now - age),
		last_used_at: at(now - age / 20),
		expires_at: at(now - age + 14 * DAY),
		address: `10.20.0.${20 + i}`,
		agent: AGENTS[i % AGENTS.length],
		current: false,
		...more,
	};
}

/** World members: user (the one signed in), users, roles, signIns by name, recoveryCodes, joinLinks by token. */
export function makePeople(now) {
	const me = user(now, "admin", ["admin"], { created_by: "setup", last_sign_in_at: at(now - 20 * MINUTE) });
	const world = {
		user: me,
		users: [
			me,
			user(now, "berta", ["manager"], { totp: true }),
			user(now, "carl", ["operator"], { last_sign_in_at: at(now - 9 * DAY), created_by: "berta" }),
			user(now, "dora", ["esp-team", "viewer"], { totp: true, last_sign_in_at: at(now - 30 * MINUTE) }),
			user(now, "erik", ["viewer"], { state: "disabled", last_sign_in_at: at(now - 70 * DAY) }),
			user(now, "frida", ["esp-team"], { state: "invited", created_at: at(now - DAY), last_sign_in_at: null }),
		],
		roles: roles(),
		signIns: new Map([
			["admin", [signIn(now, 20 * MINUTE, 0, { current: true }), signIn(now, 3 * DAY, 1), signIn(now, 8 * DAY, 2)]],
			["berta", [signIn(now, 2 * HOUR, 1)]],
			["dora", [signIn(now, 30 * MINUTE, 2), signIn(now, 5 * DAY, 0)]],
		]),
		recoveryCodes: [],
		joinLinks: new Map([
			[JOIN_TOKEN, { name: "frida", kind: "invitation" }],
			[RESET_TOKEN, { name: "berta", kind: "reset" }],
		]),
	};
	count(world);
	return world;
}

/** A new server: one administrator. */
export function fewPeople(now) {
	const world = makePeople(now);
	world.users = [world.user];
	world.roles = world.roles.filter((r) => r.builtin);
	world.joinLinks.clear();
	count(world);
	return world;
}

function count(world) {
	for (const r of world.roles) r.user_count = world.users.filter((u) => u.roles.includes(r.name)).length;
}

const weak = (Refusal, pointer) =>
	new Refusal(422, "too-short", "The password is too short", `At least ${PASSWORD_MIN} characters`, pointer);

/** What is asked before anybody is signed in; undefined: not one of these. `enter` signs in and answers the session. */
export function identity(world, control, { method, path, data }, { Refusal, enter }) {
	const wrong = () => new Refusal(401, "bad-credentials", "Name or password is wrong");
	switch (`${method} ${path}`) {
		case "GET /setup":
			return { needed: control.setupNeeded };
		case "POST /setup":
			if (data.token !== SETUP_TOKEN) {
				const why = "It works once, and only the newest one works";
				throw new Refusal(401, "bad-setup-token", "This setup link is not valid", why);
			}
			if (data.password.length < PASSWORD_MIN) throw weak(Refusal, "/password");
			control.setupNeeded = false;
			return enter(world.user);
		case "POST /session": {
			if (control.tooMany)
				throw Object.assign(new Refusal(429, "too-many-attempts", "Too many attempts"), { retryAfter: 37 });
			const who = world.users.find((u) => u.name === data.name) ?? world.user;
			if (data.password !== PASSWORD || who.state === "disabled") throw wrong();
			if (who.totp && data.code === undefined) {
				throw new Refusal(
					401,
					"code-needed",
					"A code is needed",
					"The six digits of the second factor, or a recovery code",
				);
			}
			if (who.totp && !spend(world, data.code)) throw wrong();
			return enter(who);
		}
		case "POST /join/check":
		case "POST /join": {
			const known = world.joinLinks.get(data.token);
			if (!known) throw new Refusal(404, "link-dead", "This link does not work any more");
			const owner = world.users.find((u) => u.name === known.name);
			if (path === "/join/check") return { ...GOLDEN.check, ...known, totp: owner.totp };
			if (data.password.length < PASSWORD_MIN) throw weak(Refusal, "/password");
			if (owner.totp && data.code === undefined) throw new Refusal(401, "code-needed", "A code is needed");
			if (owner.totp && !spend(world, data.code)) throw wrong();
			world.joinLinks.delete(data.token);
			owner.state = "active";
			return enter(owner);
		}
		default:
			return undefined;
	}
}

/** Six digits, or a recovery code, which counts once. */
function spend(world, code) {
	if (code === CODE) return true;
	const i = world.recoveryCodes.indexOf(code);
	if (i >= 0) world.recoveryCodes.splice(i, 1);
	return i >= 0;
}

/** Routes of those who are signed in. */
export function peopleRoutes(world, { Refusal, paged, find, session }) {
	const userOf = (name) => find(world.users, "user", (u) => u.name === name);
	const roleOf = (name) => find(world.roles, "role", (r) => r.name === name);
	const mine = () => world.signIns.get(world.user.name) ?? [];
	const newCodes = () => {
		world.recoveryCodes = [...GOLDEN.codes.recovery_codes];
		return { ...GOLDEN.codes, recovery_codes: [...world.recoveryCodes] };
	};

	function keepAnAdmin(without) {
		const left = world.users.filter((u) => u.state === "active" && u.roles.includes("admin") && u !== without);
		if (left.length > 0) return;
		const how = "Make another active user an administrator first";
		throw new Refusal(409, "last-admin", "This is the last administrator", how);
	}

	function checkPassword(password) {
		if (password !== PASSWORD) {
			throw new Refusal(403, "wrong-password", "The password is wrong", "This is not your password", "/password");
		}
	}

	function checkCode(code) {
		if (!spend(world, code))
			throw new Refusal(403, "wrong-code", "The code is wrong", "This code does not count", "/code");
	}

	function link(name, kind) {
		const token = `mock-link-${++serial}`;
		world.joinLinks.set(token, { name, kind });
		const expires_at = at(Date.now() + LINK_LASTS);
		return { ...GOLDEN.link, link: `${world.url ?? "https://otad.example"}/join#${token}`, expires_at };
	}

	function userCreate(body) {
		if (!/^[a-z0-9][a-z0-9._-]*$/.test(body.name)) {
			throw new Refusal(
				422,
				"bad-value",
				"The name is not valid",
				"Lower-case letters, digits, dots and dashes",
				"/name",
			);
		}
		if (world.users.some((u) => u.name === body.name)) {
			throw new Refusal(409, "exists", "A user of this name exists", "Choose another name", "/name");
		}
		const now = Date.now();
		const made = user(now, body.name, body.roles, {
			state: "invited",
			created_at: at(now),
			created_by: world.user.name,
			last_sign_in_at: null,
		});
		world.users.push(made);
		count(world);
		return { ...GOLDEN.invitation, user: made, ...link(made.name, "invitation") };
	}

	function userChange(name, { roles: wanted, disabled }) {
		const changed = userOf(name);
		if (disabled || (wanted && !wanted.includes("admin"))) keepAnAdmin(changed);
		if (wanted) changed.roles = wanted;
		if (disabled !== undefined) changed.state = disabled ? "disabled" : "active";
		if (disabled) world.signIns.delete(name);
		count(world);
		return changed;
	}

	function userReset(name, { totp }) {
		const target = userOf(name);
		keepAnAdmin(target);
		target.state = "invited";
		if (totp) target.totp = false;
		world.signIns.delete(name);
		return link(name, "reset");
	}

	function endSignIn(name, id) {
		const list = world.signIns.get(name) ?? [];
		const found = find(list, "sign-in", (s) => s.id === Number(id));
		list.splice(list.indexOf(found), 1);
	}

	function rolePut(name, body) {
		const known = world.roles.find((r) => r.name === name);
		if (known?.builtin) throw new Refusal(409, "built-in", "This role is built in", "Copy it under another name");
		if (known) return Object.assign(known, body);
		const made = { ...GOLDEN.role, name, builtin: false, ...body, user_count: 0 };
		world.roles.push(made);
		return made;
	}

	function roleDelete(name) {
		const known = roleOf(name);
		if (known.user_count > 0) throw new Refusal(409, "in-use", "People have this role", "Take it from them first");
		world.roles.splice(world.roles.indexOf(known), 1);
	}

	function remove(name) {
		const gone = userOf(name);
		keepAnAdmin(gone);
		world.users.splice(world.users.indexOf(gone), 1);
		count(world);
	}

	return [
		["GET", "/users", ({ query }) => paged(world.users, query)],
		["POST", "/users", ({ body }) => userCreate(body)],
		["GET", "/users/{0}", ({ params: [n] }) => userOf(n)],
		["PATCH", "/users/{0}", ({ params: [n], body }) => userChange(n, body)],
		["DELETE", "/users/{0}", ({ params: [n] }) => remove(n)],
		["POST", "/users/{0}/reset", ({ params: [n], body }) => userReset(n, body)],
		["GET", "/users/{0}/sign-ins", ({ params: [n], query }) => paged(world.signIns.get(userOf(n).name) ?? [], query)],
		["DELETE", "/users/{0}/sign-ins/{1}", ({ params: [n, id] }) => endSignIn(n, id)],
		["GET", "/roles", ({ query }) => paged(world.roles, query)],
		["GET", "/roles/{0}", ({ params: [n] }) => roleOf(n)],
		["PUT", "/roles/{0}", ({ params: [n], body }) => rolePut(n, body)],
		["DELETE", "/roles/{0}", ({ params: [n] }) => roleDelete(n)],
		["GET", "/account", () => ({ ...GOLDEN.account, ...world.user, recovery_codes_left: world.recoveryCodes.length })],
		[
			"POST",
			"/account/password",
			({ body }) => {
				if (body.current !== PASSWORD) {
					throw new Refusal(403, "wrong-password", "The password is wrong", "This is not your password", "/current");
				}
				if (body.new.length < PASSWORD_MIN) throw weak(Refusal, "/new");
				world.signIns.set(
					world.user.name,
					mine().filter((s) => s.current),
				);
				return session();
			},
		],
		["GET", "/account/sign-ins", ({ query }) => paged(mine(), query)],
		["DELETE", "/account/sign-ins/{0}", ({ params: [id] }) => endSignIn(world.user.name, id)],
		[
			"DELETE",
			"/account/sign-ins",
			() =>
				void world.signIns.set(
					world.user.name,
					mine().filter((s) => s.current),
				),
		],
		[
			"POST",
			"/account/totp",
			({ body }) => {
				checkPassword(body.password);
				return GOLDEN.totp;
			},
		],
		[
			"POST",
			"/account/totp/confirm",
			({ body }) => {
				checkCode(body.code);
				world.user.totp = true;
				return newCodes();
			},
		],
		[
			"POST",
			"/account/totp/disable",
			({ body }) => {
				checkPassword(body.password);
				checkCode(body.code);
				world.user.totp = false;
				world.recoveryCodes = [];
			},
		],
		[
			"POST",
			"/account/recovery-codes",
			({ body }) => {
				checkCode(body.code);
				return newCodes();
			},
		],
	];
}

/** The right that each list wants somewhere: without it otad answers 403. */
const READS = [
	[/^\/(platforms|releases)\b/, "release.read"],
	[/^\/(devices|updates|statistics)\b/, "device.read"],
	[/^\/(downloads|audit)\b/, "audit.read"],
	[/^\/links\b/, "link.create"],
	[/^\/(api-keys|gateway-tokens)\b/, "key.manage"],
	[/^\/(users|roles)\b/, "user.manage"],
];

export function mayRead(path, permissions) {
	const needed = READS.find(([pattern]) => pattern.test(path))?.[1];
	return needed === undefined || permissions.includes(needed);
}
