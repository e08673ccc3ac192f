// The life of a release: promoted, edited, withdrawn with a reason, and what its page tells of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tabTo, until, useDesk } from "../desk.mjs";

const desk = useDesk();

const release = (platform, version) =>
	desk.mock.world.releases.find((r) => r.platform === platform && r.version === version);

test("by keyboard: promote from beta to stable, and read it in the history", async () => {
	const page = await desk.start("/releases/mps2-an386/1.2.0");
	await page.getByRole("heading", { name: "mps2-an386 1.2.0" }).waitFor();
	await tabTo(page, /Promote to stable/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").getByText("does not follow its channel").waitFor();
	await tabTo(page, /^\s*Promote to stable/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	await page.locator(".life").getByText("Promoted").waitFor();
	assert.equal(release("mps2-an386", "1.2.0").channel, "stable");
	await until("no further channel", async () => (await page.getByRole("button", { name: /Promote/ }).count()) === 0);
});

test("by keyboard: notes and the minimum version; a wrong version stands at its field", async () => {
	const page = await desk.start("/releases/mps2-an386/1.1.0", { expected: [/422/] });
	await tabTo(page, /Edit notes and minimum version/);
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Notes").fill("Two bugs less.\nOne more to find.");
	const minimum = dialog.getByLabel("Minimum version");
	await minimum.evaluate((field) => field.removeAttribute("pattern"));
	await minimum.fill("one");
	await minimum.press("Enter");
	await dialog.getByText("Three numbers, as in 1.0.0").waitFor();
	assert.equal(await minimum.getAttribute("aria-invalid"), "true");
	await minimum.fill("1.0.0");
	await minimum.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await page.getByText("1.0.0 or later").waitFor();
	await page.getByText("Two bugs less.").waitFor();
	assert.equal(release("mps2-an386", "1.1.0").minimum_version, "1.0.0");
	await page.locator(".life").getByText("Changed").waitFor();
});

test("withdrawn with a reason: told on the page, and nothing more can be done with it", async () => {
	const page = await desk.start("/releases/mps2-an386/1.1.0");
	await page.getByRole("button", { name: "Withdraw" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Reason").fill("It forgets the time");
	await dialog.getByRole("button", { name: "Withdraw" }).click();
	await dialog.waitFor({ state: "detached" });
	await page.getByText("It forgets the time").first().waitFor();
	assert.equal(
		await page.getByRole("button", { name: /Promote|Release|Withdraw|Edit|Make a download link/ }).count(),
		0,
	);
});

test("what was read from each file by its kind, and the bill of materials with its digest", async () => {
	const page = await desk.start("/releases/esp32-sensor/1.8.0");
	const file = page.locator(".artifact", { hasText: "sensor-esp32-c3.factory.bin" });
	await file.getByText("ESP image").waitFor();
	await file.locator(".details").getByText("ESP32-C3").waitFor();
	const { sbom } = release("esp32-sensor", "1.8.0");
	await page.getByRole("heading", { name: "Bill of materials" }).waitFor();
	await page.getByText("CycloneDX", { exact: true }).waitFor();
	await page
		.getByRole("button", { name: `Copy SHA-256 of ${sbom.name}` })
		.first()
		.waitFor();
});

test("who may read releases but not change them is told so at each button", async () => {
	desk.mock.control.grants = [{ platform: "*", permissions: ["device.read", "release.read"] }];
	const page = await desk.start("/releases/mps2-an386/1.2.0");
	for (const name of [/Promote to stable/, /Withdraw/, /Edit notes/, /Make a download link to firmware/]) {
		const button = page.getByRole("button", { name }).first();
		await button.waitFor();
		assert.equal(await button.getAttribute("aria-disabled"), "true", String(name));
		assert.match((await button.getAttribute("title")) ?? "", /the right (release|link)\.\w+/);
	}
	const entries = await page.getByRole("navigation").getByRole("link").allTextContents();
	for (const hidden of ["Links", "Downloads", "Audit log"]) assert.ok(!entries.includes(hidden), hidden);
});
