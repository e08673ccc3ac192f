import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactOf, buildFor, fileName, writeCommand } from "../src/flash/manifest.ts";
import { Refused, troubleOf } from "../src/flash/words.ts";
import { dayBars, inOrder, percent } from "../src/pages/parts/statistics.tsx";
import { ceilingOf } from "../src/ui/bars.tsx";
import { differences } from "../src/util/difference.ts";
import { dayEnd, dayStart } from "../src/util/time.ts";

test("a difference names what changed and nothing that stayed", () => {
	assert.deepEqual(differences({ a: 1, b: "x", c: { d: true, e: null } }, { a: 1, b: "y", c: { d: false, e: null } }), [
		{ path: "b", before: "x", after: "y" },
		{ path: "c.d", before: "true", after: "false" },
	]);
	assert.deepEqual(differences(null, { name: "", n: 0 }), [
		{ path: "name", before: null, after: "(empty)" },
		{ path: "n", before: null, after: "0" },
	]);
	assert.deepEqual(differences({ gone: null }, null), [{ path: "gone", before: "(none)", after: null }]);
	assert.deepEqual(differences({ same: [1, 2] }, { same: [1, 2] }), []);
});

test("of lists only what came and went is told; a new order is told as a whole", () => {
	assert.deepEqual(differences({ l: ["a", "b"] }, { l: ["b", "c"] }), [{ path: "l", before: "a", after: "c" }]);
	assert.deepEqual(differences({ l: ["a", "b"] }, { l: ["b", "a"] }), [{ path: "l", before: "a, b", after: "b, a" }]);
	assert.deepEqual(differences({ l: [{ p: ["x"] }] }, { l: [{ p: ["x", "y"] }, { p: [] }] }), [
		{ path: "l.0.p", before: null, after: "y" },
		{ path: "l.1", before: null, after: '{"p":[]}' },
	]);
});

test("a day begins and ends where it is; what is no day is nothing", () => {
	assert.equal(Date.parse(dayEnd("2026-11-20")) - Date.parse(dayStart("2026-11-20")), 86_399_000);
	for (const none of ["", "yesterday", "2026-13-01", "2026-11-20T00:00:00Z"]) assert.equal(dayStart(none), "", none);
});

test("a chart has a column for each day, and a round number above the highest", () => {
	const now = Date.parse("2026-11-20T12:00:00Z");
	assert.deepEqual(dayBars([{ day: "2026-11-19", succeeded: 3, failed: 1 }], now, 3), [
		{ label: "2026-11-18", short: "11-18", good: 0, bad: 0 },
		{ label: "2026-11-19", short: "11-19", good: 3, bad: 1 },
		{ label: "2026-11-20", short: "11-20", good: 0, bad: 0 },
	]);
	for (const [n, top] of [
		[0, 1],
		[1, 1],
		[3, 5],
		[10, 10],
		[11, 20],
		[37, 50],
		[51, 100],
		[999, 1000],
	] as const)
		assert.equal(ceilingOf(n), top);
});

test("a rate is never rounded up to all", () => {
	assert.deepEqual([null, 0, 0.5, 0.92345, 0.99999, 1].map(percent), ["–", "0 %", "50 %", "92.3 %", "99.9 %", "100 %"]);
});

test("statistics by platform, the newest release first", () => {
	const tally = {
		total: 0,
		succeeded: 0,
		failed: 0,
		cancelled: 0,
		in_progress: 0,
		success_rate: null,
		duration_s: null,
	};
	const list = [
		["b", "1.0.0"],
		["a", "1.9.0"],
		["a", "1.10.0"],
	].map(([platform = "", version = ""]) => ({
		...tally,
		platform,
		version,
	}));
	assert.deepEqual(
		inOrder(list).map((r) => `${r.platform} ${r.version}`),
		["a 1.10.0", "a 1.9.0", "b 1.0.0"],
	);
});

test("the build for a chip, however it is spelled; a file by its name", () => {
	const part = { path: "files/a%20b.bin?channel=beta", offset: 65536 };
	const build = { chipFamily: "ESP32-S3", parts: [part] };
	const manifest = { name: "x", version: "1.0.0", builds: [build] };
	assert.equal(buildFor(manifest, "ESP32-S3"), build);
	assert.equal(buildFor(manifest, "esp32s3"), build);
	assert.equal(buildFor(manifest, "ESP32"), undefined);
	assert.equal(fileName(part), "a b.bin");
	assert.equal(artifactOf(part, []), undefined);
	assert.equal(writeCommand(build), "esptool --chip esp32s3 write-flash 0x10000 a b.bin");
});

test("what goes wrong with a board is told with what to do", () => {
	const named = (name: string, message: string) => Object.assign(new Error(message), { name });
	const titles = [
		new Refused("own words", "more"),
		named("NetworkError", "Failed to open serial port."),
		named("NetworkError", "The device has been lost."),
		new Error("Failed to connect with the device"),
		named("ReadBackDiffers", ""),
		new Error("something new"),
	].map((e) => troubleOf(e).title);
	assert.deepEqual(titles, [
		"own words",
		"The port could not be opened",
		"The board is gone",
		"The board does not answer",
		"What the board holds differs from the file",
		"Writing failed",
	]);
});
