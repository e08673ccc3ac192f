// What people do, with the mouse left alone where it says so, and what must hold while they do it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { deferred, isLive, shown, tabTo, until, useDesk } from "../desk.mjs";

const desk = useDesk();
const { start } = desk;

/** Beyond this a page that hears nothing says so (STALE_AFTER_MS), and its clock has ticked. */
const STALE_MS = 30_000;

/** A device that an update to 1.1.0 can be assigned to. */
const idle = () =>
	desk.mock.world.devices.find((d) => d.platform === "mps2-an386" && d.version === "1.0.0" && d.update === null);

test("by keyboard: from the overview to a device, assign a release, see it arrive", async () => {
	const page = await start("/");
	await isLive(page);
	const target = idle();
	await tabTo(page, /Skip to the content/);
	await tabTo(page, /^\s*Devices/);
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Devices", exact: true }).waitFor();
	await page.keyboard.press("/");
	await page.keyboard.type(target.id);
	await page.waitForURL(/q=/);
	await until("one row", async () => (await page.locator("tr[data-row]").count()) === 1);
	await tabTo(page, new RegExp(`^\\s*${target.name || target.id}`));
	await page.keyboard.press("Enter");
	await page.getByRole("button", { name: "Assign release" }).waitFor();
	await tabTo(page, /Assign release/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").getByRole("radio").first().waitFor();
	await tabTo(page, /runs on/);
	await tabTo(page, /Assign \d/);
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Update in progress" }).waitFor();
	const wanted = target.target_version;
	await until("the device to run it", async () => {
		desk.mock.tick();
		return target.version === wanted;
	});
	await page.getByLabel("About the device").locator(".changed", { hasText: wanted }).waitFor();
	await page.locator(".history").getByText("Succeeded").first().waitFor();
});

test("by keyboard: make an API key, store it, revoke it", async () => {
	const page = await start("/keys");
	await page.getByRole("row", { name: /ci-firmware/ }).waitFor();
	await tabTo(page, /New API key/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor();
	await page.keyboard.type("night build");
	await tabTo(page, /esp8266/);
	await page.keyboard.press("Space");
	await tabTo(page, /Make key/);
	await page.keyboard.press("Enter");
	const secret = await page.locator(".secret code").textContent();
	assert.match(secret, /^otad_/);
	await page.keyboard.press("Escape");
	assert.ok(await page.locator(".secret").isVisible(), "Escape must not lose a secret");
	await tabTo(page, /I have stored it/);
	await page.keyboard.press("Enter");
	await page.getByRole("row", { name: /night build.*Active/ }).waitFor();
	assert.ok(!(await page.content()).includes(secret));
	assert.deepEqual(desk.mock.world.keys[0].platforms, ["esp8266"]);
	await tabTo(page, /Revoke night build/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").getByText("stops working at once").waitFor();
	await tabTo(page, /^\s*Revoke key/);
	await page.keyboard.press("Enter");
	await page.getByRole("row", { name: /night build.*Revoked/ }).waitFor();
});

test("rows change in place, and new ones wait while somebody points at the list", async () => {
	const page = await start("/updates");
	await isLive(page);
	const table = page.getByRole("table", { name: "Updates in progress" });
	const order = () => table.locator("tr[data-row]").evaluateAll((rows) => rows.map((r) => r.dataset.row));
	const before = await order();
	await table.locator("tr[data-row]").first().hover();
	const target = idle();
	desk.mock.api.assign(target.id, { version: "1.1.0" });
	await page.getByRole("button", { name: "Show 1 new update" }).waitFor();
	assert.deepEqual(await order(), before);
	await until("a bar to move", async () => {
		desk.mock.tick();
		return (await table.getByText("Succeeded").count()) > 0;
	});
	assert.deepEqual(await order(), before);
	await page.getByRole("button", { name: "Show 1 new update" }).click();
	await until("the new row", async () => (await order()).length === before.length + 1);
});

test("an answer that an event has overtaken takes nothing back", async () => {
	const page = await start("/updates");
	await isLive(page);
	const table = page.getByRole("table", { name: "Updates in progress" });
	const order = () => table.locator("tr[data-row]").evaluateAll((rows) => rows.map((r) => r.dataset.row));
	await table.locator("tr[data-row]").first().hover();
	const before = await order();
	const gate = deferred();
	let asked = 0;
	await page.route(/\/api\/v1\/updates\?/, async (route) => {
		const response = await route.fetch();
		asked++;
		await gate.promise;
		await route.fulfill({ response });
	});
	desk.mock.emit("resync", {});
	await until("both lists to be asked for again", () => asked >= 2);
	const target = idle();
	desk.mock.api.assign(target.id, { version: "1.1.0" });
	const button = page.getByRole("button", { name: "Show 1 new update" });
	await button.waitFor();
	gate.resolve();
	await page.unrouteAll({ behavior: "ignoreErrors" });
	await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
	assert.ok(await button.isVisible());
	assert.deepEqual(await order(), before);
});

test("the connection's state is told, and what was missed is fetched", async () => {
	const page = await start("/devices?platform=mps2-an386", {
		clock: true,
		expected: [/503/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_EMPTY_RESPONSE/],
	});
	await isLive(page);
	const target = desk.mock.world.devices.find((d) => d.platform === "mps2-an386" && d.version === "1.0.0");
	const row = page.locator(`tr[data-row="${target.id}"]`);
	await shown(row, "1.0.0").waitFor();
	desk.mock.control.refuseEvents = true;
	desk.mock.dropStreams();
	await page.locator(".rail .live").getByText("Reconnecting").waitFor();
	target.version = "9.9.9";
	target.target_version = "9.9.9";
	await page.clock.fastForward(STALE_MS);
	await page
		.locator(".rail .live")
		.getByText(/Stale since \d\d:\d\d/)
		.waitFor();
	desk.mock.control.refuseEvents = false;
	// A try that is on its way does not hear that the network is back.
	await until("the stream to be open again", async () => {
		await page.evaluate(() => dispatchEvent(new Event("online")));
		return desk.mock.streams.size === 1;
	});
	await shown(row, "9.9.9").waitFor();
	await isLive(page);
});

test("one event stream a browser: the second tab listens to the first, and takes over when it closes", async () => {
	const first = await start("/devices?platform=mps2-an386");
	await isLive(first);
	const second = await desk.open[0].context.newPage();
	await second.goto(`${desk.mock.url}/devices?platform=mps2-an386`);
	await isLive(second);
	assert.equal(desk.mock.streams.size, 1);
	const target = idle();
	desk.mock.api.assign(target.id, { version: "1.1.0" });
	for (const page of [first, second]) await shown(page.locator(`tr[data-row="${target.id}"]`), "Waiting").waitFor();
	await first.close();
	await until("the second tab to read", () => desk.mock.streams.size === 1 && desk.mock.eventStreamsOpened === 2);
	desk.mock.tick();
	await shown(second.locator(`tr[data-row="${target.id}"]`), "Accepted").waitFor();
});

test("a session that ends asks for the password and keeps the form and its request", async () => {
	const page = await start("/keys", { expected: [/401/] });
	await page.getByRole("button", { name: "New gateway token" }).click();
	const form = page.getByRole("dialog", { name: "New gateway token" });
	await form.getByLabel("Name", { exact: true }).fill("hall 4");
	desk.mock.control.endBeforeWrite = true;
	await form.getByRole("button", { name: "Make token" }).click();
	const again = page.getByRole("dialog", { name: "Your session has ended" });
	await again.getByLabel("Password").fill("wrong");
	await again.getByRole("button", { name: "Sign in" }).click();
	await again.getByText("Name or password is wrong").waitFor();
	await again.getByLabel("Password").fill("correct horse battery");
	await again.getByRole("button", { name: "Sign in" }).click();
	await page.locator(".secret code").waitFor();
	assert.equal(desk.mock.world.gateways[0].name, "hall 4");
});

test("set up by the one-time link; a weak password and a wrong link are told where they belong", async () => {
	Object.assign(desk.mock.control, { signedIn: false, setupNeeded: true });
	const page = await start("/setup#wrong-token", { expected: [/401/, /422/] });
	await page.getByLabel("Password", { exact: true }).fill("long enough, surely");
	await page.getByRole("button", { name: "Set up and sign in" }).click();
	await page.getByRole("alert").getByText("This setup link is not valid").waitFor();
	await page.goto("about:blank");
	await page.goto(`${desk.mock.url}/setup#mock-setup-token`);
	const password = page.getByLabel("Password", { exact: true });
	await password.fill("short");
	await password.evaluate((field) => field.removeAttribute("minlength"));
	await page.getByRole("button", { name: "Set up and sign in" }).click();
	await page.getByText("At least 12 characters", { exact: true }).waitFor();
	assert.equal(await password.getAttribute("aria-invalid"), "true");
	await password.fill("correct horse battery");
	await page.getByRole("button", { name: "Set up and sign in" }).click();
	await page.getByRole("heading", { name: "Overview" }).waitFor();
	assert.equal(new URL(page.url()).hash, "");
});

function releaseFiles(platform, version, files) {
	const digest = (text) => createHash("sha256").update(text).digest("hex");
	const sums = Object.entries(files).map(([name, text]) => `SHA256 (${name}) = ${digest(text)}\n`);
	const signature = Buffer.alloc(74, 1).toString("base64");
	const minisig = `untrusted comment: u\n${signature}\ntrusted comment: otad platform=${platform} version=${version} counter=4\nglobal\n`;
	const all = { ...files, SHA256SUMS: sums.join(""), "SHA256SUMS.minisig": minisig };
	return Object.entries(all).map(([name, text]) => ({
		name,
		mimeType: "application/octet-stream",
		buffer: Buffer.from(text),
	}));
}

test("upload a release, be told what is wrong with it, then release it", async () => {
	const page = await start("/releases");
	await page.getByRole("button", { name: "Upload release" }).click();
	const dialog = page.getByRole("dialog");
	const input = dialog.locator('input[type="file"]');
	const [image, ...rest] = releaseFiles("esp8266", "2.5.0", { "firmware.bin": "x".repeat(300_000) });
	await input.setInputFiles([{ ...image, buffer: Buffer.from("something else") }, ...rest]);
	await dialog.getByText("its SHA-256 differs from SHA256SUMS").first().waitFor();
	await input.setInputFiles([image]);
	await dialog.getByText("SHA-256 matches").waitFor();
	await dialog.getByRole("button", { name: "Upload 2.5.0" }).click();
	await page.getByRole("heading", { name: "esp8266 2.5.0" }).waitFor();
	await page.getByRole("button", { name: "Release", exact: true }).click();
	await page.getByRole("dialog").getByText("follows its channel").waitFor();
	await page.getByRole("dialog").getByRole("button", { name: "Release to stable" }).click();
	await page.getByText("Released", { exact: true }).first().waitFor();
	const { releases } = desk.mock.world.platforms.find((p) => p.name === "esp8266");
	await until("it is the newest of its channel", async () => releases.stable === "2.5.0");
});

test("an artifact that the server refuses is marked, with the server's reason", async () => {
	const page = await start("/releases", { expected: [/422/] });
	await page.getByRole("button", { name: "Upload release" }).click();
	const dialog = page.getByRole("dialog");
	await dialog
		.locator('input[type="file"]')
		.setInputFiles(releaseFiles("mps2-an386", "1.4.0", { "forged.bin": "evil" }));
	await dialog.getByRole("button", { name: "Upload 1.4.0" }).click();
	await dialog.getByRole("alert").getByText("The image's signature is not valid").waitFor();
	await dialog.getByLabel("Files of this release").getByText("signed by no key of the manifest").waitFor();
});

test("a problem with a pointer stands at its field", async () => {
	const page = await start("/platforms", { expected: [/409/] });
	await page.getByRole("button", { name: "New platform" }).click();
	const name = page.getByLabel("Name", { exact: true });
	await name.fill("esp8266");
	await page.getByRole("button", { name: "Make platform" }).click();
	await page.getByText("Names and aliases are unique").waitFor();
	assert.equal(await name.getAttribute("aria-invalid"), "true");
});

test("choose many devices, assign to all of them, and hear which were refused", async () => {
	const page = await start("/devices?platform=mps2-an386&state=online", { expected: [/409/] });
	const rows = page.locator("tr[data-row]");
	await rows.first().waitFor();
	await page.getByLabel("Select all shown").check();
	const bar = page.getByRole("region", { name: "Chosen devices" });
	await bar.getByText("100 devices chosen").waitFor();
	await bar.getByRole("button", { name: "Assign release" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("radio", { name: /1\.1\.0/ }).check();
	await dialog.getByRole("button", { name: "Assign 1.1.0 to 100 devices" }).click();
	await page.getByRole("dialog", { name: /devices assigned, \d+ not/ }).waitFor();
	await page.getByText(/The device runs this version already/).waitFor();
	assert.ok(desk.mock.world.updates.some((u) => u.state === "pending" && u.version === "1.1.0"));
});

test("a long list scrolls on, keeps few rows in the document, and its height is that of all rows", async () => {
	const page = await start("/devices");
	const rows = page.locator("tr[data-row]");
	await rows.first().waitFor();
	await until("all devices to be loaded", async () => {
		await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
		return (await page.getByRole("table").getAttribute("aria-rowcount")) === String(desk.mock.world.devices.length + 1);
	});
	await until("the last row", async () => {
		await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
		return (await page.locator(`tr[data-row="${desk.mock.world.devices.at(-1).id}"]`).count()) === 1;
	});
	assert.ok((await rows.count()) < 120, `${await rows.count()} rows in the document`);
	const height = await page.evaluate(() => document.documentElement.scrollHeight);
	assert.ok(height > desk.mock.world.devices.length * 36, `${height} px`);
});

test("filters live in the address: reload and back bring them again", async () => {
	const page = await start("/devices");
	await page.getByLabel("State").selectOption("offline");
	await page.waitForURL(/state=offline/);
	await page.reload();
	assert.equal(await page.getByLabel("State").inputValue(), "offline");
	await page.locator("a.row-link").first().click();
	await page.getByRole("link", { name: "Devices" }).first().waitFor();
	await page.goBack();
	await page.locator("a.row-link").first().waitFor();
	assert.equal(await page.getByLabel("State").inputValue(), "offline");
});

test("who may only read is told why a button does nothing", async () => {
	desk.mock.control.grants = [{ platform: "*", permissions: ["device.read", "release.read"] }];
	const page = await start("/devices");
	const button = page.getByRole("button", { name: /Add device/ });
	await button.waitFor();
	assert.equal(await button.getAttribute("aria-disabled"), "true");
	assert.match((await button.getAttribute("title")) ?? "", /lacks the right device.write/);
	await button.click({ force: true });
	assert.equal(await page.getByRole("dialog").count(), 0);
});

test("the theme is remembered and set before the first paint", async () => {
	const page = await start("/");
	await page.getByRole("button", { name: "admin" }).click();
	await page.getByRole("radio", { name: "Dark" }).check({ force: true });
	assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
	await page.reload();
	assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});
