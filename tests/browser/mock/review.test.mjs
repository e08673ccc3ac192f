// The review queue: what waits for signatures, what it changes, and how a manager signs it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { tabTo, until, useDesk } from "../desk.mjs";

const desk = useDesk();

const PLATFORM = "mps2-an386";
const panel = (page, title) => page.locator(".panel").filter({ has: page.getByRole("heading", { name: title }) });

test("by keyboard: from the menu to what waits, what it changes, who has signed, the file and the command", async () => {
	const page = await desk.start("/", { permissions: ["clipboard-read", "clipboard-write"] });
	await tabTo(page, /^\s*Review$/);
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/review$/);
	const list = panel(page, `${PLATFORM}: 5.${PLATFORM}.json`);
	await list.getByText("1 signature missing").waitFor();
	const changes = list.getByRole("list", { name: `What 5.${PLATFORM}.json changes` });
	await changes.waitFor();
	assert.deepEqual(await changes.getByRole("listitem").allTextContents(), [
		"Added1.2.0/firmware.signed.bin on beta",
		"Removed1.0.2/firmware.signed.bin on stable",
	]);
	await list.getByRole("heading", { name: "Signatures: 1 of 2 needed" }).waitFor();
	assert.equal(await list.getByText("Signed", { exact: true }).count(), 1);
	assert.equal(await list.getByText("Not yet", { exact: true }).count(), 2);

	await tabTo(page, /Copy command/);
	await page.keyboard.press("Enter");
	await until("the commands are on the clipboard", async () => {
		const text = await page.evaluate(() => navigator.clipboard.readText());
		const { origin } = new URL(page.url());
		return (
			text.startsWith(`signer repo pull -d REPOSITORY --server ${origin} `) &&
			text.includes("\nsigner repo cosign -d REPOSITORY -k KEY.pem\n") &&
			text.includes(`\nsigner repo publish -d REPOSITORY --server ${origin} `)
		);
	});
	await tabTo(page, new RegExp(`Save 5\\.${PLATFORM}\\.json`));
	const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
	assert.equal(saved.suggestedFilename(), `5.${PLATFORM}.json`);
	const { signatures, signed } = JSON.parse(await readFile(await saved.path(), "utf8"));
	assert.equal(signatures.length, 1);
	assert.ok("1.2.0/firmware.signed.bin" in signed.targets);
});

test("managers who change are told by their keys; what is published says when it ends", async () => {
	const page = await desk.start(`/review?platform=${PLATFORM}`);
	const [, waiting] = desk.mock.world.repositories[0].pending;
	const changes = panel(page, `${PLATFORM}: ${waiting.file}`).getByRole("list", { name: /changes$/ });
	await changes.waitFor();
	const texts = await changes.getByRole("listitem").allTextContents();
	assert.equal(texts.length, 2);
	for (const [i, sign] of ["Added", "Removed"].entries())
		assert.match(texts[i], new RegExp(`^${sign}Key [0-9a-f]{8} for ${PLATFORM}$`));
	const published = page.getByRole("list", { name: `Published metadata of ${PLATFORM}` });
	const ends = (role) => published.locator(`li[data-role="${role}"] .role-until .mark`);
	await ends("targets").getByText("Expired").waitFor();
	assert.match(await ends("targets").getAttribute("class"), /tone-bad/);
	assert.match(await ends(PLATFORM).getAttribute("class"), /tone-warn/);
	assert.match(await ends("root").getAttribute("class"), /tone-ok/);
	assert.match(await ends("timestamp").getAttribute("class"), /tone-ok/);
	assert.equal(await page.getByText("Named by root", { exact: true }).count(), 3);
});

test("a platform without a repository is named; looking again shows what was published meanwhile", async () => {
	const page = await desk.start("/review");
	await panel(page, "Without signed metadata").getByRole("link", { name: "esp8266" }).waitFor();
	const [repository] = desk.mock.world.repositories;
	const [gone, stays] = repository.pending;
	await panel(page, gone.file).waitFor();
	repository.pending = [stays];
	await page.getByRole("button", { name: "Look again" }).click();
	await panel(page, gone.file).waitFor({ state: "detached" });
	await panel(page, stays.file).waitFor();
});

test("each role in words: what it is for, who has signed, and the command where it must be signed anew", async () => {
	const page = await desk.start(`/review?platform=${PLATFORM}`);
	const published = page.getByRole("list", { name: `Published metadata of ${PLATFORM}` });
	const role = (name) => published.locator(`li[data-role="${name}"]`);
	await role("root").getByText("2 of 2 needed signed").waitFor();
	await role("root").getByText("Names who may sign all the others.").waitFor();
	await role(PLATFORM).getByText("may sign too").waitFor();
	await role("timestamp").getByText("Signed and renewed by this server").waitFor();
	await role("targets").getByText(`Devices of ${PLATFORM} take no update`).waitFor();
	await role("targets").getByText("2.targets.json waits here for its signatures").waitFor();
	desk.mock.world.repositories[0].pending = [];
	await page.getByRole("button", { name: "Look again" }).click();
	await role("targets").getByText("signer repo renew -d REPOSITORY targets").waitFor();
	await role(PLATFORM).getByText(`signer repo renew -d REPOSITORY ${PLATFORM}`).waitFor();
});

const signedFile = (name, keyids, signed) => ({
	name,
	mimeType: "application/json",
	buffer: Buffer.from(JSON.stringify({ signatures: keyids.map((keyid) => ({ keyid, sig: "" })), signed })),
});

test("a signed file is sent, whatever its name; what it lacks is said, and the last signature publishes", async () => {
	const page = await desk.start(`/review?platform=${PLATFORM}`, { expected: [/422/] });
	const [repository] = desk.mock.world.repositories;
	const [list] = repository.pending;
	const signed = { _type: "targets", version: 5, ...repository.documents.waits[list.file] };
	const dialog = page.getByRole("dialog");
	const send = async (file) => {
		await dialog.locator("input[type=file]").setInputFiles(file);
		await dialog.getByRole("button", { name: "Send", exact: true }).click();
	};
	await page.getByRole("button", { name: "Send a signed file" }).click();
	await dialog.locator("input[type=file]").setInputFiles(signedFile("notes.json", [], {}));
	await dialog.getByText("notes.json is not a file that signer repo made").first().waitFor();
	await send(signedFile("5.mps2-an386 (1).json", ["nobody"], signed));
	await dialog.getByRole("alert").getByText("is signed by nobody who may").waitFor();
	const told = page.getByText(`${list.file} is published`).waitFor(); // it goes again by itself
	await send(signedFile("5.mps2-an386 (2).json", [list.keys[0]], signed));
	await told;
	await dialog.waitFor({ state: "detached" });
	await panel(page, list.file).waitFor({ state: "detached" });
	await page.locator(`li[data-role="${PLATFORM}"]`).getByText("version 5").waitFor();
});

test("by keyboard: a waiting file is deleted, but not before its name is typed", async () => {
	const page = await desk.start(`/review?platform=${PLATFORM}`);
	const [list, stays] = desk.mock.world.repositories[0].pending;
	await panel(page, list.file).waitFor();
	await tabTo(page, new RegExp(`Delete ${list.file}`));
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog", { name: `Delete ${list.file} of ${PLATFORM}?` });
	await dialog.getByText("1 signature on it goes with it").waitFor();
	await page.keyboard.press("Enter");
	await page.keyboard.type("5.mps2");
	await page.keyboard.press("Enter");
	assert.equal(desk.mock.world.repositories[0].pending.length, 2, "not by half a name");
	await page.keyboard.type("-an386.json");
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await panel(page, list.file).waitFor({ state: "detached" });
	await panel(page, stays.file).waitFor();
	assert.deepEqual(desk.mock.world.repositories[0].pending, [stays]);
	assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY", "the focus is somewhere");
});

test("by keyboard: listed files are made public and closed again, each after its consequence was read", async () => {
	const page = await desk.start(`/review?platform=${PLATFORM}`);
	const knob = page.getByRole("switch", { name: "Listed files are public" });
	await knob.waitFor();
	for (const [on, action] of [
		["true", "Make them public"],
		["false", "Close them"],
	]) {
		await tabTo(page, /Listed files are public/);
		await page.keyboard.press("Space");
		await page.getByRole("dialog").getByRole("button", { name: action }).waitFor();
		await tabTo(page, new RegExp(action));
		await page.keyboard.press("Enter");
		await page.locator(`[role=switch][aria-checked=${on}]`).waitFor();
		await page.getByRole("dialog").waitFor({ state: "detached" });
		assert.equal(desk.mock.world.repositories[0].public_targets, on === "true");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("role")), "switch");
	}
});

test("who may only read sees what stands and waits, and nothing to press", async () => {
	desk.mock.control.grants = [{ platform: "*", permissions: ["device.read", "release.read"] }];
	const page = await desk.start("/review");
	await panel(page, `${PLATFORM}: 5.${PLATFORM}.json`).getByText("1 signature missing").waitFor();
	await page.getByText("Its managers sign and send").waitFor();
	for (const name of [/^Delete/, /^Send/]) assert.equal(await page.getByRole("button", { name }).count(), 0);
	assert.equal(await page.getByRole("switch").count(), 0);
	await page.getByText("A download takes a session, an API key or the device's own token.").waitFor();
});

test("without the right to read releases there is no queue, neither in the menu nor by its address", async () => {
	desk.mock.control.grants = [{ platform: "*", permissions: ["device.read"] }];
	const page = await desk.start("/review");
	await page.getByText("Your roles do not open this page").waitFor();
	assert.equal(await page.getByRole("link", { name: "Review" }).count(), 0);
	assert.equal(await page.getByText("Signatures").count(), 0);
});
