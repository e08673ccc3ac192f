import assert from "node:assert/strict";
import { test } from "node:test";
import type { Repository } from "../src/api/tuf.ts";
import type { Device, List, Platform, Release, Update } from "../src/api/types.ts";
import { whyNot } from "../src/forms/assign.tsx";
import { pemBlocks, splitNames } from "../src/forms/platform.tsx";
import { addFiles, examine, NOTHING } from "../src/forms/upload.ts";
import { byWorst, concernsOf, signingConcerns, standingFailures } from "../src/pages/parts/attention.ts";
import { versionShares } from "../src/pages/parts/shares.tsx";
import { timelineSteps } from "../src/pages/parts/timeline.tsx";
import { withAnswer, withChanges } from "../src/pages/parts/updates.tsx";
import { visibleRange } from "../src/ui/table.tsx";
import { sha256, toBase64 } from "../src/util/bytes.ts";
import { reasonText } from "../src/util/words.ts";

const AT = "2026-11-20T10:00:00Z";

function update(id: number, device: string, state: Update["state"]): Update {
	return {
		id,
		device,
		platform: "p",
		from_version: "1.0.0",
		version: "1.1.0",
		state,
		progress_percent: null,
		reason: state === "failed" ? "bad-signature" : null,
		created_at: AT,
		created_by: "admin",
		updated_at: AT,
		closed_at: AT,
		source: "ddi",
		started_at: AT,
		duration_s: 60,
	};
}

function release(version: string, state: Release["state"], running_on = 0): Release {
	return {
		id: 1,
		platform: "p",
		version,
		channel: null,
		state,
		security_counter: 1,
		notes: "",
		created_at: AT,
		created_by: "ci",
		released_at: null,
		withdrawn_reason: null,
		signed_by: [],
		sums_signed_by: "",
		expected_count: 1,
		artifacts: [],
		running_on,
		minimum_version: null,
		sbom: null,
	};
}

test("a failure stands until the device gets another update", () => {
	const updates = [update(3, "a", "succeeded"), update(2, "a", "failed"), update(1, "b", "failed")];
	assert.deepEqual(
		standingFailures(updates).map((u) => u.device),
		["b"],
	);
});

test("concerns: failures first, many of them summed up, then silence, then unfinished releases", () => {
	const none: List<Device> = { items: [], next: null };
	const device = { id: "quiet", name: "", last_seen_at: AT } as Device;
	const updates = Array.from({ length: 7 }, (_, i) => update(i, `d${i}`, "failed"));
	const releases = [release("1.3.0", "complete"), release("1.1.0", "released")];
	const concerns = concernsOf({
		platforms: [],
		releases,
		updates,
		offline: { items: [device], next: null },
		late: none,
		stale: none,
	});
	assert.deepEqual(
		concerns.map((c) => c.subject),
		["d0", "d1", "d2", "d3", "d4", "2 further devices", "quiet", "p 1.3.0"],
	);
	assert.deepEqual(
		concernsOf({ platforms: [], releases: [], updates: [], offline: none, late: none, stale: none }),
		[],
	);
});

test("what is to be signed: expired is worst, soon to expire next, then what waits", () => {
	const at = (days: number) => new Date(Date.parse(AT) + days * 86_400_000).toISOString();
	const roles = [
		{ role: "root", expires: at(200) },
		{ role: "targets", expires: at(3) },
		{ role: "pump", expires: at(-1) },
		{ role: "timestamp", expires: at(0.5) },
	];
	const pending = [
		{ id: "1", file: "2.pump.json", missing: 2, submitted_at: AT },
		{ id: "2", file: "3.root.json", missing: 0, submitted_at: AT },
	];
	const repository = { platform: "pump", roles, pending } as unknown as Repository;
	assert.deepEqual(
		byWorst(signingConcerns([repository], Date.parse(AT))).map((c) => [c.tone, c.subject, c.text]),
		[
			["bad", "pump of pump", "has expired: its devices take no update"],
			["warn", "targets of pump", "expires soon and must be signed anew"],
			["accent", "pump 2.pump.json", "waits for 2 signatures"],
			["accent", "pump 3.root.json", "waits for its counterpart"],
		],
	);
});

test("stale devices are counted beyond the list's first page", () => {
	const none: List<Device> = { items: [], next: null };
	const stale = { items: [{ id: "a" }, { id: "b" }] as Device[], next: "more" };
	const platforms = [{ stale_count: 300 }, { stale_count: 12 }] as Platform[];
	const facts = { releases: [], updates: [], offline: none, late: none };
	const [concern] = concernsOf({ ...facts, platforms, stale });
	assert.deepEqual([concern?.subject, concern?.href], ["312 devices", "/devices?stale=true"]);
	assert.equal(concernsOf({ ...facts, platforms: [], stale })[0]?.subject, "2+ devices");
});

test("reasons about signed metadata have words, also those that this page does not know", () => {
	assert.equal(reasonText("tuf-expired"), "What the managers signed has expired");
	assert.equal(reasonText("tuf-of-tomorrow"), "The device does not trust what is signed for it");
	assert.equal(reasonText("of-tomorrow"), "of-tomorrow");
});

test("a release is offered only where it can be taken", () => {
	const runs = (...versions: (string | null)[]) => versions.map((version) => ({ version }));
	assert.equal(whyNot(release("1.1.0", "released"), runs("1.0.0")), "");
	assert.equal(whyNot(release("1.1.0", "complete"), runs(null)), "");
	assert.equal(whyNot(release("1.1.0", "draft"), runs("1.0.0")), "not complete");
	assert.equal(whyNot(release("1.1.0", "withdrawn"), runs("1.0.0")), "withdrawn");
	assert.equal(whyNot(release("1.1.0", "released"), runs("1.1.0")), "runs already");
	assert.equal(whyNot(release("1.0.0", "released"), runs("1.1.0")), "lower than what runs");
	assert.equal(whyNot(release("1.1.0", "released"), runs("1.1.0", "1.0.0")), "");
});

test("shares count every device once", () => {
	const platform = { device_count: 10, releases: { stable: "1.1.0", beta: "1.2.0" } };
	const shares = versionShares(platform, [
		release("1.0.0", "released", 3),
		release("1.1.0", "released", 5),
		release("1.2.0", "released", 0),
	]);
	assert.deepEqual(shares, [
		{ version: "1.1.0", devices: 5, channel: "stable" },
		{ version: "1.0.0", devices: 3, channel: "" },
		{ version: "", devices: 2, channel: "" },
	]);
});

test("a timeline joins repeated reports and keeps the last", () => {
	const event = (
		s: number,
		execution: string,
		result: string,
		progress_percent: number | null,
		details: string[] = [],
	) => ({
		at: `2026-11-20T10:00:0${s}Z`,
		execution,
		result,
		progress_percent,
		details,
	});
	const steps = timelineSteps({
		...update(1, "a", "failed"),
		events: [
			event(5, "closed", "failure", null, ["bad-signature"]),
			event(0, "created", "none", null),
			event(3, "download", "none", 80),
			event(4, "proceeding", "none", null, ["installing"]),
			event(2, "proceeding", "none", 10),
		],
	});
	assert.deepEqual(
		steps.map((s) => [s.word, s.details.join()]),
		[
			["Assigned by admin", ""],
			["Downloading", "80 %"],
			["Installing", ""],
			["Failed", "The image's signature is not valid"],
		],
	);
});

test("only rows near the window are in the document, and all of them when they are few", () => {
	assert.deepEqual(visibleRange(100, 800, 40, 100), { start: 0, end: 100 });
	assert.deepEqual(visibleRange(100, 800, 40, 10_000), { start: 0, end: 33 });
	assert.deepEqual(visibleRange(-40_000, 800, 40, 10_000), { start: 985, end: 1035 });
	assert.deepEqual(visibleRange(-999_999, 800, 40, 10_000), { start: 10_000 - 0, end: 10_000 });
});

test("three public keys are found in one text, whatever stands between", () => {
	const pem = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----";
	assert.equal(pemBlocks(`${pem}\n# second\n${pem}${pem}`).length, 3);
	assert.deepEqual(pemBlocks("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"), []);
	assert.deepEqual(splitNames(" esp-12f,wemos-d1-mini  x,"), ["esp-12f", "wemos-d1-mini", "x"]);
});

function file(name: string, content: string): File {
	return new File([content], name);
}

async function sumsOf(...files: File[]): Promise<string> {
	const lines = files.map(async (f) => `SHA256 (${f.name}) = ${await sha256(await f.arrayBuffer())}\n`);
	return (await Promise.all(lines)).join("");
}

test("an upload is examined before it is sent", async () => {
	const image = file("a.bin", "image");
	const notes = file("n.txt", "notes");
	const signature = toBase64(new Uint8Array(74).buffer);
	const minisig = file(
		"SHA256SUMS.minisig",
		`untrusted comment: u\n${signature}\ntrusted comment: otad platform=p version=1.0.0 counter=1\ng\n`,
	);
	const sums = file("SHA256SUMS", await sumsOf(image, notes));

	assert.match(examine(NOTHING).obstacle, /SHA256SUMS is missing/);
	let dropped = await addFiles(NOTHING, [sums, minisig, image]);
	assert.match(examine(dropped).obstacle, /n\.txt is missing/);
	dropped = await addFiles(dropped, [file("n.txt", "other")]);
	assert.match(examine(dropped).obstacle, /n\.txt: its SHA-256 differs/);
	dropped = await addFiles(dropped, [notes]);
	const good = examine(dropped);
	assert.equal(good.obstacle, "");
	assert.deepEqual([good.facts?.platform, good.facts?.version, good.files.length], ["p", "1.0.0", 2]);
	dropped = await addFiles(dropped, [file("stray.bin", "x")]);
	assert.match(examine(dropped).obstacle, /stray\.bin: SHA256SUMS does not name it/);
});

test("in a list that is attended new updates wait and rows keep their places", () => {
	const shown = { rows: [update(2, "b", "pending"), update(1, "a", "pending")], fresh: [] };
	const changes = [update(3, "c", "pending"), update(1, "a", "succeeded"), update(4, "d", "succeeded")];
	const waiting = withChanges(shown, changes, true, true);
	assert.deepEqual(
		waiting.rows.map((u) => `${u.id} ${u.state}`),
		["2 pending", "1 succeeded"],
	);
	assert.deepEqual(
		waiting.fresh.map((u) => u.id),
		[3],
	);
	assert.deepEqual(withChanges(waiting, changes, true, true), waiting);
	const unattended = withChanges(waiting, [], false, true);
	assert.deepEqual(
		unattended.rows.map((u) => u.id),
		[3, 2, 1],
	);
	const answer = [update(5, "e", "pending"), update(3, "c", "pending"), update(1, "a", "failed")];
	const settled = withAnswer(waiting, answer, true);
	assert.deepEqual(
		settled.rows.map((u) => `${u.id} ${u.state}`),
		["1 failed"],
	);
	assert.deepEqual(
		settled.fresh.map((u) => u.id),
		[5, 3],
	);
	assert.deepEqual(withAnswer(waiting, answer, false), { rows: answer, fresh: [] });
});
