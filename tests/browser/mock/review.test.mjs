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

	await tabTo(page, new RegExp(`Save 5\\.${PLATFORM}\\.json`));
	const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
	assert.equal(saved.suggestedFilename(), `5.${PLATFORM}.json`);
	const { signatures, signed } = JSON.parse(await readFile(await saved.path(), "utf8"));
	assert.equal(signatures.length, 1);
	assert.ok("1.2.0/firmware.signed.bin" in signed.targets);
	await tabTo(page, /Copy command/);
	await page.keyboard.press("Enter");
	await until("the commands are on the clipboard", async () => {
		const text = await page.evaluate(() => navigator.clipboard.readText());
		return (
			text.includes(`signer repo cosign -d REPOSITORY -k KEY.pem 5.${PLATFORM}.json\n`) &&
			text.includes(`signer repo publish -d REPOSITORY --server ${new URL(page.url()).origin}`)
		);
	});
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
	const published = page.getByRole("table", { name: `Published metadata of ${PLATFORM}` });
	const ends = (role) => published.locator(`tr[data-row="${role}"] .mark`);
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

test("without the right to manage releases there is no queue, neither in the menu nor by its address", async () => {
	const page = await desk.start("/");
	desk.mock.control.grants = [{ platform: "*", permissions: ["device.read", "release.read"] }];
	await page.goto(`${desk.mock.url}/review`);
	await page.getByRole("link", { name: "Releases" }).waitFor();
	assert.equal(await page.getByRole("link", { name: "Review" }).count(), 0);
	assert.equal(await page.getByText("Signatures").count(), 0);
});
