import assert from "node:assert/strict";
import { test } from "node:test";
import { may } from "../src/api/session.ts";
import { type Grant, PERMISSIONS, type Role, type Session } from "../src/api/types.ts";
import { cleanCode } from "../src/forms/code.tsx";
import { whyNoKey } from "../src/forms/key.tsx";
import { whyNotGive } from "../src/forms/user.tsx";
import { agentText } from "../src/util/agent.ts";
import {
	ALL_RIGHTS,
	byRank,
	counts,
	differences,
	isGranted,
	type Right,
	reach,
	tidy,
	withRight,
} from "../src/util/rights.ts";

const right = (permission: string) => ALL_RIGHTS.find((r) => r.permission === permission) as Right;

function session(grants: Grant[]): Session {
	const permissions = [...new Set(grants.flatMap((g) => g.permissions))];
	return { user: { name: "anna", roles: [] }, csrf_token: "", permissions, grants, expires_at: "" };
}

test("every permission has its words, once", () => {
	assert.deepEqual(ALL_RIGHTS.map((r) => r.permission).sort(), [...PERMISSIONS].sort());
});

test("a right on all platforms counts on each, and not the other way round", () => {
	const s = session([
		{ platform: "*", permissions: ["device.read"] },
		{ platform: "esp8266", permissions: ["device.write"] },
	]);
	assert.ok(may(s, "device.read", "anything"));
	assert.ok(may(s, "device.write") && may(s, "device.write", "esp8266"));
	assert.ok(!may(s, "device.write", "*") && !may(s, "device.write", "other"));
});

test("grants: one a platform, all first, rights in order, nothing empty", () => {
	const grants = [
		{ platform: "b", permissions: [] },
		{ platform: "a", permissions: ["release.read"] },
		{ platform: "*", permissions: ["user.manage", "device.read"] },
		{ platform: "a", permissions: ["device.read", "release.read"] },
	];
	assert.deepEqual(tidy(grants), [
		{ platform: "*", permissions: ["device.read", "user.manage"] },
		{ platform: "a", permissions: ["device.read", "release.read"] },
	]);
	assert.ok(counts(grants, "user.manage", "a") && !isGranted(grants, "user.manage", "a"));
});

test("a right brings what it needs, unless that counts already; it goes alone", () => {
	const one = withRight([], right("device.write"), "a", true);
	assert.deepEqual(one, [{ platform: "a", permissions: ["device.read", "device.write"] }]);
	const wide = withRight([{ platform: "*", permissions: ["device.read"] }], right("device.write"), "a", true);
	assert.deepEqual(wide[1], { platform: "a", permissions: ["device.write"] });
	assert.deepEqual(withRight(one, right("device.write"), "a", false), [
		{ platform: "a", permissions: ["device.read"] },
	]);
	assert.deepEqual(withRight(one, right("device.write"), "b", false), one);
	assert.equal(differences(one, wide), 2);
	assert.equal(differences(one, one), 0);
});

test("how far a role reaches, in words", () => {
	assert.equal(reach([]), "nothing yet");
	assert.equal(reach([{ platform: "*", permissions: [...PERMISSIONS] }]), "everything on all platforms");
	assert.equal(
		reach([
			{ platform: "b", permissions: ["device.read", "device.write"] },
			{ platform: "a", permissions: ["release.upload"] },
		]),
		"upload on a, 2 rights on b",
	);
});

test("roles in order: built in by what they may, then one's own by title", () => {
	const role = (title: string, builtin: boolean, permissions: string[]): Role => {
		return { name: title, title, builtin, grants: [{ platform: "*", permissions }], user_count: 0 };
	};
	const some = [
		role("b", false, ["x", "y"]),
		role("viewer", true, ["x"]),
		role("a", false, []),
		role("admin", true, ["x", "y"]),
	];
	assert.deepEqual(
		some.sort(byRank).map((r) => r.title),
		["admin", "viewer", "a", "b"],
	);
});

test("nobody hands out what they lack", () => {
	const s = session([
		{ platform: "*", permissions: ["key.manage"] },
		{ platform: "a", permissions: ["release.upload"] },
	]);
	assert.equal(whyNoKey(s, ["release.upload"], ["a"]), "");
	assert.match(whyNoKey(s, ["release.upload"], ["a", "b"]), /lack release.upload on b/);
	assert.match(whyNoKey(s, ["release.upload"], ["*"]), /on all platforms/);
	assert.match(whyNoKey(s, ["key.manage"], ["a"]), /with all platforms only/);
	assert.equal(whyNoKey(s, ["key.manage"], ["*"]), "");
	assert.match(whyNoKey(s, [], ["a"]), /at least one right/);
	assert.match(whyNoKey(s, ["release.upload"], []), /at least one platform/);
	const role = (grants: Grant[]): Role => ({ name: "r", title: "R", builtin: false, grants, user_count: 0 });
	assert.equal(whyNotGive(role([{ platform: "a", permissions: ["release.upload"] }]), s), "");
	assert.match(whyNotGive(role([{ platform: "*", permissions: ["release.upload"] }]), s), /lack release.upload/);
});

test("codes as people type them", () => {
	assert.equal(cleanCode("123 456"), "123456");
	assert.equal(cleanCode(" K7PD-4HQZ "), "k7pd-4hqz");
});

test("browsers in words", () => {
	const linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
	assert.equal(
		agentText("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
		"Firefox 140 on Linux",
	);
	assert.equal(agentText(`${linux} Chrome/143.0.0.0 Safari/537.36`), "Chrome 143 on Linux");
	assert.equal(agentText(`${linux} HeadlessChrome/143.0.0.0 Safari/537.36`), "Chrome 143 on Linux");
	assert.equal(agentText(`${linux} Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0`), "Edge 143 on Linux");
	assert.equal(
		agentText(
			"Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1",
		),
		"Safari 19 on iPhone",
	);
	assert.equal(agentText("curl/8.5.0"), "curl 8");
	assert.equal(agentText("a-tool/2"), "a-tool/2");
	assert.equal(agentText(""), "unknown browser");
});
