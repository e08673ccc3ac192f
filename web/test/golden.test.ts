import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type {
	AuditEntry,
	AuditHead,
	Day,
	Download,
	DownloadLink,
	ReleaseTally,
	Statistics,
} from "../src/api/records.ts";
import type {
	Account,
	ApiKey,
	Artifact,
	Device,
	GatewayToken,
	Grant,
	Heartbeat,
	Invitation,
	JoinCheck,
	OneTimeLink,
	Platform,
	RecoveryCodes,
	Release,
	ReleaseNotice,
	Role,
	Session,
	SignIn,
	Stale,
	TotpSecret,
	Update,
	UpdateEvent,
	User,
} from "../src/api/types.ts";

/**
 * The types of src/api/types.ts against the documents that otad's own tests assert. Each table must name every member
 * of its type (the compiler sees to that), and every document must have exactly those members (this test does).
 */
type Kind = "string" | "number" | "boolean" | "object" | "array";
type Shape<T> = { [K in keyof Required<T>]: Kind | `${Kind}?` };

const heartbeat: Shape<Heartbeat> = {
	at: "string",
	version: "string?",
	slot: "string?",
	uptime_s: "number?",
	reset_cause: "string?",
	free_bytes: "number?",
	address: "string?",
	app: "string?",
};

const event: Shape<UpdateEvent> = {
	at: "string",
	execution: "string",
	result: "string",
	progress_percent: "number?",
	details: "array",
};

const stale: Shape<Stale> = { since: "string", why: "string", role: "string?", expired_at: "string?" };

const update: Shape<Update> = {
	id: "number",
	device: "string",
	platform: "string?",
	from_version: "string?",
	version: "string",
	state: "string",
	progress_percent: "number?",
	reason: "string?",
	created_at: "string",
	created_by: "string",
	updated_at: "string",
	closed_at: "string?",
	source: "string",
	started_at: "string?",
	duration_s: "number?",
	events: "array",
};

const ONLY_ALONE = ["history"];

const device: Shape<Device> = {
	id: "string",
	platform: "string?",
	name: "string",
	channel: "string",
	state: "string",
	version: "string?",
	target_version: "string?",
	last_seen_at: "string?",
	address: "string",
	registered_at: "string",
	update: "object?",
	last_update: "object?",
	heartbeat: "object?",
	stale: "object?",
	attributes: "object",
};

const artifact: Shape<Artifact> = {
	name: "string",
	size: "number",
	sha256: "string",
	kind: "string",
	version: "string?",
	security_counter: "number?",
	hardware_class: "string?",
	key_hash: "string?",
	details: "object?",
};

const release: Shape<Release> = {
	id: "number",
	platform: "string",
	version: "string",
	channel: "string?",
	state: "string",
	security_counter: "number?",
	notes: "string",
	created_at: "string",
	created_by: "string",
	released_at: "string?",
	withdrawn_reason: "string?",
	signed_by: "array",
	sums_signed_by: "string",
	expected_count: "number",
	artifacts: "array",
	running_on: "number",
	minimum_version: "string?",
	sbom: "object?",
	history: "array",
};

const platform: Shape<Platform> = {
	name: "string",
	title: "string",
	aliases: "array",
	hardware_class: "string?",
	follow_channel: "boolean",
	key_manifest: "object?",
	releases: "object",
	device_count: "number",
	stale_count: "number",
};

const session: Shape<Session> = {
	user: "object",
	csrf_token: "string",
	permissions: "array",
	grants: "array",
	expires_at: "string",
};

const user: Shape<User> = {
	name: "string",
	roles: "array",
	state: "string",
	totp: "boolean",
	created_at: "string",
	created_by: "string",
	last_sign_in_at: "string?",
};

const account: Shape<Account> = { ...user, recovery_codes_left: "number" };

const grant: Shape<Grant> = { platform: "string", permissions: "array" };

const role: Shape<Role> = {
	name: "string",
	title: "string",
	builtin: "boolean",
	grants: "array",
	user_count: "number",
};

const signIn: Shape<SignIn> = {
	id: "number",
	created_at: "string",
	last_used_at: "string",
	expires_at: "string",
	address: "string",
	agent: "string",
	current: "boolean",
};

const oneTimeLink: Shape<OneTimeLink> = { link: "string", expires_at: "string" };
const invitation: Shape<Invitation> = { ...oneTimeLink, user: "object" };
const joinCheck: Shape<JoinCheck> = { name: "string", kind: "string", totp: "boolean" };
const totp: Shape<TotpSecret> = { secret: "string", uri: "string" };
const recoveryCodes: Shape<RecoveryCodes> = { recovery_codes: "array" };

const apiKey: Shape<ApiKey> = {
	id: "number",
	name: "string",
	scopes: "array",
	platforms: "array",
	created_at: "string",
	created_by: "string",
	last_used_at: "string?",
	expires_at: "string?",
	revoked_at: "string?",
};

const gateway: Shape<GatewayToken> = {
	id: "number",
	name: "string",
	platform: "string?",
	created_at: "string",
	created_by: "string",
	revoked_at: "string?",
};

const notice: Shape<ReleaseNotice> = { platform: "string", version: "string", state: "string" };

const link: Shape<DownloadLink> = {
	id: "number",
	platform: "string",
	version: "string",
	artifact: "string",
	created_by: "string",
	created_at: "string",
	expires_at: "string",
	revoked_at: "string?",
	byte_budget: "number",
	bytes_used: "number",
	uses: "number",
	state: "string",
};

const download: Shape<Download> = {
	id: "number",
	at: "string",
	via: "string",
	who: "string",
	link_id: "number?",
	platform: "string",
	version: "string",
	artifact: "string",
	address: "string",
	bytes: "number",
	status: "number",
	duration_ms: "number",
};

const entry: Shape<AuditEntry> = {
	seq: "number",
	at: "string",
	actor: "string",
	address: "string",
	action: "string",
	object: "string",
	platform: "string?",
	before: "object?",
	after: "object?",
	prev_hash: "string",
	hash: "string",
};

const head: Shape<AuditHead> = { seq: "number", hash: "string", at: "string" };

const day: Shape<Day> = { day: "string", succeeded: "number", failed: "number" };

const releaseTally: Shape<ReleaseTally> = {
	platform: "string",
	version: "string",
	total: "number",
	succeeded: "number",
	failed: "number",
	cancelled: "number",
	in_progress: "number",
	success_rate: "number?",
	duration_s: "object?",
};

const { platform: _platform, version: _version, ...tally } = releaseTally;
const statistics: Shape<Statistics> = { ...tally, stale: "number", releases: "array", days: "array" };

function golden(name: string): Record<string, unknown> {
	return JSON.parse(readFileSync(`../tests/vectors/api/${name}.json`, "utf8"));
}

function kindOf(value: unknown): string {
	return Array.isArray(value) ? "array" : typeof value;
}

/** `absent` are members that this document may lack: they come only when one object is asked for. */
function check(
	name: string,
	value: Record<string, unknown>,
	shape: Record<string, string>,
	absent: string[] = [],
): void {
	for (const key of Object.keys(value)) assert.ok(key in shape, `${name} has ${key}, which our types do not know`);
	for (const [key, kind] of Object.entries(shape)) {
		if (!(key in value)) {
			assert.ok(absent.includes(key), `${name} lacks ${key}`);
			continue;
		}
		const nullable = kind.endsWith("?");
		if (value[key] === null) assert.ok(nullable, `${name}.${key} is null`);
		else assert.equal(kindOf(value[key]), kind.replace("?", ""), `${name}.${key}`);
	}
}

function each(value: unknown): Record<string, unknown>[] {
	return value as Record<string, unknown>[];
}

test("devices, with and without an update and a heartbeat", () => {
	for (const name of ["device", "device-new", "device-failed", "device-stale"]) {
		const document = golden(name);
		check(name, document, device, ["attributes"]);
		if (document.heartbeat) check(`${name}.heartbeat`, document.heartbeat as Record<string, unknown>, heartbeat);
		if (document.stale) check(`${name}.stale`, document.stale as Record<string, unknown>, stale);
		if (document.update) check(`${name}.update`, document.update as Record<string, unknown>, update, ["events"]);
	}
});

test("updates and their events", () => {
	for (const name of ["update", "update-failed"]) {
		const document = golden(name);
		check(name, document, update, ["events"]);
		for (const e of each(document.events ?? [])) check(`${name}.events`, e, event);
	}
	assert.ok(each(golden("update-failed").events).length > 0);
});

test("releases and artifacts", () => {
	for (const name of ["release", "release-withdrawn", "release-life"]) {
		const document = golden(name);
		check(name, document, release, ONLY_ALONE);
		for (const a of each(document.artifacts)) check(`${name}.artifacts`, a, artifact);
	}
	for (const name of ["artifact", "artifact-esp"]) check(name, golden(name), artifact);
	check("release-event", golden("release-event"), notice);
});

test("platforms", () => {
	for (const name of ["platform", "platform-bare"]) check(name, golden(name), platform);
});

test("session, API keys and gateway tokens", () => {
	check("session", golden("session"), session);
	check("api-key", golden("api-key"), apiKey);
	check("gateway", golden("gateway"), gateway);
});

test("links, both logs and statistics", () => {
	check("link", golden("link"), link);
	check("download", golden("download"), download);
	check("audit-entry", golden("audit-entry"), entry);
	check("audit-head", golden("audit-head"), head);
	const document = golden("statistics");
	check("statistics", document, statistics);
	for (const r of each(document.releases)) check("statistics.releases", r, releaseTally);
	for (const d of each(document.days)) check("statistics.days", d, day);
});

test("people, roles, sign-ins and one-time links", () => {
	for (const name of ["user", "user-invited"]) check(name, golden(name), user);
	check("account", golden("account"), account);
	for (const name of ["role", "role-custom"]) {
		const document = golden(name);
		check(name, document, role);
		for (const g of each(document.grants)) check(`${name}.grants`, g, grant);
	}
	check("sign-in", golden("sign-in"), signIn);
	check("one-time-link", golden("one-time-link"), oneTimeLink);
	const invited = golden("invitation");
	check("invitation", invited, invitation);
	check("invitation.user", invited.user as Record<string, unknown>, user);
	check("join-check", golden("join-check"), joinCheck);
	check("totp", golden("totp"), totp);
	check("recovery-codes", golden("recovery-codes"), recoveryCodes);
});
