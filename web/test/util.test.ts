import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEvent } from "../src/api/live.ts";
import { Problem } from "../src/api/problem.ts";
import { api, page } from "../src/paths.ts";
import { parseRoute } from "../src/routes.ts";
import { bytes, fromBase64, sha256, toBase64 } from "../src/util/bytes.ts";
import { count, groupBy, mapPool, patchBy, uniqueBy } from "../src/util/list.ts";
import { StreamParser } from "../src/util/sse.ts";
import { parseMinisig, parseSums } from "../src/util/sums.ts";
import { absolute, duration, relative } from "../src/util/time.ts";
import { compareVersions } from "../src/util/version.ts";

test("every page's address leads back to its route", () => {
	const route = (path: string) => parseRoute(new URL(path, "https://otad.test"));
	assert.deepEqual(route(page.overview()), { name: "overview", platform: "", days: "" });
	assert.deepEqual(route(page.overview({ platform: "esp8266", days: "7" })), {
		name: "overview",
		platform: "esp8266",
		days: "7",
	});
	assert.deepEqual(route(page.audit({ actor: "anna", from: "2026-11-20" })), {
		name: "audit",
		filter: { actor: "anna", action: "", platform: "", object: "", from: "2026-11-20", to: "" },
	});
	assert.deepEqual(route(page.devices({ platform: "esp8266", state: "late", stale: "true", q: "a b&c" })), {
		name: "devices",
		filter: { platform: "esp8266", state: "late", stale: "true", q: "a b&c" },
	});
	for (const id of ["dev.1", "aa:bb:cc", "a b/c?d#e", "100%"])
		assert.deepEqual(route(page.device(id)), { name: "device", id });
	assert.deepEqual(route(page.release("esp8266", "1.1.0+7")), {
		name: "release",
		platform: "esp8266",
		version: "1.1.0+7",
	});
	assert.deepEqual(route(page.platform("mps2-an386")), { name: "platform", platform: "mps2-an386" });
	assert.deepEqual(route("/setup#secret"), { name: "setup", token: "secret" });
	for (const path of ["/nowhere", "/devices/a/b", "/releases/only-one", "/devices/%E0%A4%A"]) {
		assert.deepEqual(route(path), { name: "unknown" }, path);
	}
});

test("API paths encode what users name and leave empty filters out", () => {
	assert.equal(api.artifact("p", "1.0.0+2", "a b.bin"), "/api/v1/platforms/p/releases/1.0.0%2B2/artifacts/a%20b.bin");
	assert.equal(
		api.devices({ platform: "", state: "late", q: "", limit: 100, after: null }),
		"/api/v1/devices?state=late&limit=100",
	);
	assert.equal(api.updates({ open: true }), "/api/v1/updates?open=true");
});

test("versions are ordered by number, pre-releases first, builds equal", () => {
	const sorted = ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"];
	for (let i = 0; i < sorted.length; i++) {
		for (let j = 0; j < sorted.length; j++) {
			const order = Math.sign(compareVersions(sorted[i] as string, sorted[j] as string));
			assert.equal(order, Math.sign(i - j), `${sorted[i]} and ${sorted[j]}`);
		}
	}
	assert.equal(compareVersions("1.0.0+1", "1.0.0+2"), 0);
});

test("SHA256SUMS: whole, or not at all", () => {
	const hex = "ab".repeat(32);
	assert.deepEqual(parseSums(`SHA256 (a.bin) = ${hex}\nSHA256 (B-2_x.txt) = ${hex}\n`), [
		{ name: "a.bin", sha256: hex },
		{ name: "B-2_x.txt", sha256: hex },
	]);
	const bad = [
		"",
		"\n",
		`SHA256 (a) = ${hex}`,
		`SHA256 (a) = ${hex.toUpperCase()}\n`,
		`SHA256 (../a) = ${hex}\n`,
		`${hex}  a\n`,
	];
	for (const text of [...bad, `SHA256 (a) = ${hex}\n\n`]) assert.equal(parseSums(text), null, JSON.stringify(text));
});

test("a minisign file tells its key and its trusted comment", () => {
	const raw = new Uint8Array(74).fill(7);
	raw.set([0x45, 0x44, 1, 2, 3, 4, 5, 6, 7, 255]);
	const signature = toBase64(raw.buffer);
	const text = `untrusted comment: x\n${signature}\ntrusted comment: otad platform=esp8266 version=1.2.0 counter=9\nglobal\n`;
	assert.deepEqual(parseMinisig(text), {
		key_number: "01020304050607ff",
		platform: "esp8266",
		version: "1.2.0",
		counter: 9,
	});
	assert.equal(parseMinisig("untrusted comment: x\nnot base64!\ntrusted comment: y\n"), null);
	assert.equal(parseMinisig(""), null);
	const bare = parseMinisig(`untrusted comment: x\n${signature}\ntrusted comment: whatever\n`);
	assert.deepEqual(bare, { key_number: "01020304050607ff", platform: null, version: null, counter: null });
});

test("an event stream is the same however it is cut", () => {
	const text =
		': hi\n\nid: 1\nevent: update\ndata: {"a":\ndata: 1}\n\r\nid: 2\r\nevent: resync\r\ndata\r\n\r\ndata:x\n\n';
	const whole = new StreamParser().push(text);
	assert.deepEqual(whole, [
		{ type: "update", id: "1", data: '{"a":\n1}' },
		{ type: "resync", id: "2", data: "" },
		{ type: "message", id: "2", data: "x" },
	]);
	for (let cut = 0; cut <= text.length; cut++) {
		const parser = new StreamParser();
		assert.deepEqual([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))], whole, `cut at ${cut}`);
	}
	const parser = new StreamParser();
	assert.deepEqual(
		[...text].flatMap((c) => parser.push(c)),
		whole,
	);
	assert.equal(parser.lastId, "2");
});

test("events that this page does not know are passed over", () => {
	assert.equal(parseEvent("rollout", "{}"), null);
	assert.deepEqual(parseEvent("device-gone", '{"id":"a"}'), { type: "device-gone", id: "a" });
	assert.equal(parseEvent("device-gone", "{"), null);
	assert.deepEqual(parseEvent("resync", "{}"), { type: "resync" });
});

test("lists are patched in place and strangers set apart", () => {
	const items = [
		{ id: 1, v: "a", extra: true },
		{ id: 2, v: "b", extra: true },
	];
	const changes = [
		{ id: 2, v: "c" },
		{ id: 9, v: "n" },
		{ id: 2, v: "d" },
	] as typeof items;
	const { items: patched, strangers } = patchBy(items, changes, (x) => x.id);
	assert.deepEqual(patched, [
		{ id: 1, v: "a", extra: true },
		{ id: 2, v: "d", extra: true },
	]);
	assert.deepEqual(strangers, [{ id: 9, v: "n" }]);
	assert.equal(patchBy(items, [], (x) => x.id).items, items);
	assert.deepEqual(
		uniqueBy([...items, ...items], (x) => x.id),
		items,
	);
	assert.deepEqual([...groupBy(items, (x) => x.v).keys()], ["a", "b"]);
	assert.equal(count(1, "device"), "1 device");
	assert.equal(count(0, "device"), "0 devices");
});

test("a pool keeps the order of its inputs and its width", async () => {
	let running = 0;
	let most = 0;
	const results = await mapPool([5, 1, 4, 2, 3], 2, async (n) => {
		most = Math.max(most, ++running);
		for (let i = 0; i < n; i++) await Promise.resolve();
		running--;
		return n * 10;
	});
	assert.deepEqual(results, [50, 10, 40, 20, 30]);
	assert.equal(most, 2);
});

test("times in words", () => {
	const now = Date.parse("2026-11-20T10:00:00Z");
	const cases: [number, string][] = [
		[0, "just now"],
		[42, "42 s ago"],
		[61, "1 min ago"],
		[3 * 3600, "3 h ago"],
		[50 * 3600, "2 d ago"],
		[-120, "in 2 min"],
	];
	for (const [seconds, text] of cases) assert.equal(relative(now - seconds * 1000, now), text);
	assert.equal(relative(Number.NaN, now), "–");
	assert.match(relative(now - 90 * 86400_000, now), /^2026-08-\d\d$/);
	assert.match(absolute(now), /10:00:00 UTC/);
	assert.deepEqual([5, 62, 3600, 3725, 90000, 172800].map(duration), [
		"5 s",
		"1 min 2 s",
		"1 h",
		"1 h 2 min",
		"1 d 1 h",
		"2 d",
	]);
});

test("sizes, digests and base64", async () => {
	assert.deepEqual([0, 1023, 1024, 1536, 1048576, 184_320].map(bytes), [
		"0 B",
		"1023 B",
		"1 KiB",
		"1.5 KiB",
		"1 MiB",
		"180 KiB",
	]);
	const text = new TextEncoder().encode("abc");
	assert.equal(
		await sha256(text.buffer as ArrayBuffer),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	);
	assert.equal(toBase64(text.buffer as ArrayBuffer), "YWJj");
	assert.deepEqual(fromBase64("YWJj\n"), text);
	assert.equal(fromBase64("%"), null);
});

test("problems keep what the server said, and say something when it said nothing", () => {
	const told = new Problem(409, { title: "T", code: "c", detail: "D", pointer: "/name", request_id: "r" }, "7");
	assert.deepEqual(
		[told.title, told.code, told.detail, told.pointer, told.requestId, told.retryAfter_s],
		["T", "c", "D", "/name", "r", 7],
	);
	const silent = new Problem(502, {}, "soon");
	assert.deepEqual([silent.title, silent.code, silent.retryAfter_s], ["The server answered 502", "", null]);
});
