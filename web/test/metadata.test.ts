import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { OnlineKey, PublishedFile, Repository, Target, WaitingFile } from "../src/api/tuf.ts";
import { changesBetween, fileNameOf, lasting, signersByRole } from "../src/util/metadata.ts";

const entry = (channel: string, length = 1) => ({ custom: { channel }, length });
const role = (keyids: string[], threshold: number) => ({ keyids, threshold });

test("releases that a list gains, loses and changes", () => {
	const before = {
		version: 1,
		targets: { "1.0.0/a.bin": entry("stable"), "1.1.0/a.bin": entry("beta"), "1.2.0/a.bin": 1 },
	};
	const after = {
		version: 2,
		targets: { "1.1.0/a.bin": entry("stable"), "1.2.0/a.bin": 1, "1.3.0/a.bin": entry("beta") },
	};
	assert.deepEqual(changesBetween(before, after), [
		{ sign: "changed", text: "1.1.0/a.bin on stable" },
		{ sign: "added", text: "1.3.0/a.bin on beta" },
		{ sign: "removed", text: "1.0.0/a.bin on stable" },
	]);
	assert.deepEqual(changesBetween(before, { ...before, version: 2 }), []);
	assert.equal(changesBetween(null, after).length, 3);
});

test("who may sign: by root, by targets, and the director", () => {
	const root = { roles: { root: role(["a1", "b2"], 2) }, "x-otad-director": role(["d1"], 1) };
	const next = { roles: { root: role(["b2", "c3"], 1) }, "x-otad-director": role(["d2"], 1) };
	assert.deepEqual(
		changesBetween(root, next).map((c) => `${c.sign}: ${c.text}`),
		[
			"added: Key c3 for root",
			"removed: Key a1 for root",
			"changed: Signatures needed for root: 2 to 1",
			"added: Key d2 for director",
			"removed: Key d1 for director",
		],
	);
	const delegates = (keys: string[]) => ({ delegations: { roles: [{ name: "esp", ...role(keys, 2) }] }, targets: {} });
	assert.deepEqual(changesBetween(delegates(["0123456789"]), delegates([])), [
		{ sign: "removed", text: "Key 01234567 for esp" },
	]);
	assert.deepEqual(changesBetween(delegates(["x"]), { targets: {} }), [
		{ sign: "removed", text: "Key x for esp" },
		{ sign: "changed", text: "Signatures needed for esp: 2 to none" },
	]);
});

test("what is no object changes nothing and breaks nothing", () => {
	assert.deepEqual(changesBetween({ targets: [], roles: 3 }, { targets: null, delegations: "x" }), []);
});

test("what is signed by people ends within a week: that is near; what the server renews is not", () => {
	const now = Date.parse("2026-11-20T10:00:00Z");
	assert.equal(lasting("root", "2026-11-27T10:00:01Z", now), "good");
	assert.equal(lasting("root", "2026-11-27T10:00:00Z", now), "near");
	assert.equal(lasting("timestamp", "2026-11-20T18:00:00Z", now), "good");
	assert.equal(lasting("timestamp", "2026-11-20T10:00:00Z", now), "past");
});

/** Every member, so that the compiler finds one too few or too many here, and the test one in the document. */
type Members<T> = Record<keyof Required<T>, true>;

const file = { role: true, file: true, version: true, size: true, expires: true } as const;
const published: Members<PublishedFile> = { ...file, published_at: true, published_by: true };
const waiting: Members<WaitingFile> = {
	...file,
	id: true,
	submitted_at: true,
	submitted_by: true,
	complete: true,
	waits_for: true,
	threshold: true,
	missing: true,
	keys: true,
	signed_by: true,
};
const key: Members<OnlineKey> = { role: true, keyid: true, public: true, used: true };
const target: Members<Target> = { path: true, entry: true };
const repository: Members<Repository> = {
	metadata: true,
	platform: true,
	protected: true,
	public_targets: true,
	online: true,
	online_keys: true,
	roles: true,
	files: true,
	targets: true,
	pending: true,
};

test("a repository has the members that otad's own test asserts", () => {
	const document = JSON.parse(readFileSync("../tests/vectors/api/tuf.json", "utf8"));
	const same = (value: object, members: object) =>
		assert.deepEqual(Object.keys(value).sort(), Object.keys(members).sort());
	same(document, repository);
	for (const [list, members] of [
		[document.roles, published],
		[document.pending, waiting],
		[document.online_keys, key],
		[document.targets, target],
	]) {
		assert.ok(list.length > 0);
		for (const one of list) same(one, members);
	}
});

test("who has signed a role: counted by the keys that its namer names", () => {
	const signed = (keyids: string[], body: Record<string, unknown>) => ({
		signatures: keyids.map((keyid) => ({ keyid })),
		signed: body,
	});
	const files = new Map([
		[
			"root",
			signed(["r1", "r2"], {
				roles: { root: { keyids: ["r1", "r2", "r3"], threshold: 2 }, targets: { keyids: ["t1"], threshold: 1 } },
			}),
		],
		["targets", signed(["t1"], { delegations: { roles: [{ name: "pump", keyids: ["p1", "p2"], threshold: 2 }] } })],
		["pump", signed(["p2", "p1", "removed"], { targets: {} })],
	]);
	assert.deepEqual(
		[...signersByRole(files)],
		[
			["root", { threshold: 2, keys: ["r1", "r2", "r3"], signed_by: ["r1", "r2"] }],
			["targets", { threshold: 1, keys: ["t1"], signed_by: ["t1"] }],
			["pump", { threshold: 2, keys: ["p1", "p2"], signed_by: ["p1", "p2"] }],
		],
	);
	files.delete("targets");
	assert.equal(signersByRole(files).has("pump"), false, "nobody says who may");
});

test("a signed file says its own name, whatever it is called on somebody's disk", () => {
	assert.equal(fileNameOf({ _type: "root", version: 3 }, "pump"), "3.root.json");
	assert.equal(fileNameOf({ _type: "targets", version: 2, delegations: {} }, "pump"), "2.targets.json");
	assert.equal(fileNameOf({ _type: "targets", version: 5, targets: {} }, "pump"), "5.pump.json");
	for (const other of [null, "text", {}, { _type: "targets" }, { _type: "snapshot", version: 1 }, { version: 1 }])
		assert.equal(fileNameOf(other, "pump"), "");
});
