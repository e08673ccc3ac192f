// Every page and every dialog, in light, dark and at 375 px: no axe violation, no console or page error, no violation of
// the policy, nothing to scroll sideways.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { CSP, startMock } from "../../../web/mock/server.mjs";
import { axe, launch, openPage, SIZES, sidewaysScroll } from "../browser.mjs";

const LOOKS = { light: {}, dark: { dark: true }, phone: { size: SIZES.phone, hasTouch: true, isMobile: true } };

let browser;
let mock;
let empty;

before(async () => {
	browser = await launch();
	mock = await startMock();
	empty = await startMock({ empty: true });
});

after(async () => {
	await browser.close();
	mock.close();
	empty.close();
});

const failed = () => mock.world.updates.find((u) => u.state === "failed").device;
const moving = () => mock.world.updates.find((u) => u.state === "downloading").device;

const PAGES = {
	overview: () => "/",
	devices: () => "/devices",
	"devices, filtered": () => "/devices?platform=esp8266&state=late",
	"devices, none found": () => "/devices?q=nothing-like-it",
	"device that failed": () => `/devices/${failed()}`,
	"device under way": () => `/devices/${moving()}`,
	"device unknown": () => "/devices/no-such-device",
	updates: () => "/updates",
	releases: () => "/releases",
	release: () => "/releases/mps2-an386/1.1.0",
	"release withdrawn": () => "/releases/mps2-an386/1.0.1",
	"release draft": () => "/releases/stm32f4-pump/3.1.0",
	platforms: () => "/platforms",
	platform: () => "/platforms/mps2-an386",
	"platform without keys": () => "/platforms/esp8266",
	keys: () => "/keys",
	"overview, a week of one platform": () => "/?platform=esp8266&days=7",
	"updates, filtered": () => "/updates?state=failed&platform=esp8266",
	"updates, none found": () => "/updates?device=nobody",
	"release of ESP files": () => "/releases/esp32-sensor/1.8.0",
	links: () => "/links",
	"links, none found": () => "/links?state=revoked&platform=esp8266",
	downloads: () => "/downloads",
	"downloads, filtered": () => "/downloads?via=esp&from=2020-01-01",
	audit: () => "/audit",
	"audit, none found": () => "/audit?actor=nobody",
	flash: () => "/flash?platform=esp32-sensor",
	"flash, nothing to write": () => "/flash?platform=mps2-an386",
	"no such page": () => "/nowhere",
};

const EMPTY_PAGES = [
	"/",
	"/devices",
	"/updates",
	"/releases",
	"/platforms",
	"/keys",
	"/links",
	"/downloads",
	"/audit",
	"/flash",
];

/** [name, page, the button that opens it] */
const DIALOGS = [
	["add device", "/devices", "Add device"],
	["assign", () => `/devices/${failed()}`, "Assign release"],
	["edit device", () => `/devices/${failed()}`, "Edit"],
	["new token", () => `/devices/${failed()}`, "New token"],
	["delete device", () => `/devices/${failed()}`, "Delete"],
	["cancel update", () => `/devices/${moving()}`, "Cancel update"],
	["upload", "/releases", "Upload release"],
	["release", "/releases/mps2-an386/1.3.0", "Release"],
	["withdraw", "/releases/mps2-an386/1.1.0", "Withdraw"],
	["promote", "/releases/mps2-an386/1.2.0", "Promote to stable"],
	["edit release", "/releases/mps2-an386/1.2.0", "Edit notes and minimum version"],
	["link to a file", "/releases/mps2-an386/1.1.0", "Make a download link to firmware.signed.bin"],
	["new link", "/links", "New link"],
	["revoke link", "/links", "Revoke the link to firmware.signed.bin"],
	["export the audit log", "/audit", "Export"],
	["new platform", "/platforms", "New platform"],
	["edit platform", "/platforms/mps2-an386", "Edit"],
	["key manifest", "/platforms/mps2-an386", "Replace"],
	["new key", "/keys", "New API key"],
	["new gateway token", "/keys", "New gateway token"],
	["revoke key", "/keys", "Revoke ci-firmware"],
];

async function settled(page) {
	await page.locator("h1").first().waitFor();
	await page.waitForFunction(() => document.querySelector(".loading") === null);
}

async function assertSound(page, troubles, where) {
	assert.deepEqual(await axe(page), [], where);
	assert.ok((await sidewaysScroll(page)) <= 0, `${where} scrolls sideways`);
	assert.deepEqual(troubles, [], where);
}

/** One page for all of a look's addresses: navigating is cheap, a new context is not. */
async function visit(look, server, addresses, check) {
	const { page, context, troubles } = await openPage(browser, { ...LOOKS[look], expected: [/404/] });
	for (const [name, path] of addresses) {
		await page.goto(server.url + path);
		await settled(page);
		await check(page, troubles, `${name}, ${look}`);
	}
	await context.close();
}

for (const look of Object.keys(LOOKS)) {
	test(`pages are sound in ${look}`, async () => {
		const addresses = Object.entries(PAGES).map(([name, path]) => [name, path()]);
		await visit(look, mock, addresses, assertSound);
	});

	test(`pages of a new server are sound in ${look}`, async () => {
		await visit(
			look,
			empty,
			EMPTY_PAGES.map((path) => [`empty ${path}`, path]),
			assertSound,
		);
	});

	test(`dialogs are sound in ${look}`, async () => {
		const addresses = DIALOGS.map(([name, path, button]) => [name, typeof path === "string" ? path : path(), button]);
		for (const [name, path, button] of addresses) {
			await visit(look, mock, [[name, path]], async (page, troubles, where) => {
				const opener = page.getByRole("button", { name: button, exact: true }).first();
				await opener.click();
				await page.getByRole("dialog").waitFor();
				await settled(page);
				await assertSound(page, troubles, where);
				await page.keyboard.press("Escape");
				await page.getByRole("dialog").waitFor({ state: "detached" });
				assert.ok(await opener.evaluate((b) => b === document.activeElement), `${where}: focus does not return`);
			});
		}
	});

	test(`doors are sound in ${look}`, async () => {
		const door = await startMock({ empty: true });
		Object.assign(door.control, { signedIn: false, setupNeeded: true });
		const { page, context, troubles } = await openPage(browser, { ...LOOKS[look], expected: [/401/] });
		for (const path of ["/", "/setup", "/setup#mock-setup-token"]) {
			await page.goto(door.url + path);
			await page.getByRole("button", { name: /Sign in|Set up/ }).waitFor();
			await assertSound(page, troubles, `${path}, ${look}`);
		}
		door.control.setupNeeded = false;
		await page.goto("about:blank");
		await page.goto(`${door.url}/setup#mock-setup-token`);
		await page.getByRole("heading", { name: "Set up already" }).waitFor();
		await assertSound(page, troubles, `used link, ${look}`);
		await context.close();
		door.close();
	});
}

test("the menu at 375 px opens, leads somewhere and closes by Escape", async () => {
	const { page, context, troubles } = await openPage(browser, LOOKS.phone);
	await page.goto(mock.url);
	await settled(page);
	assert.equal(await page.getByRole("navigation").isVisible(), false);
	await page.getByRole("button", { name: "Menu" }).click();
	await page.getByRole("navigation").getByRole("link", { name: "Devices" }).waitFor();
	await assertSound(page, troubles, "menu");
	await page.keyboard.press("Escape");
	await page.getByRole("navigation").waitFor({ state: "hidden" });
	await page.getByRole("button", { name: "Menu" }).click();
	await page.getByRole("navigation").getByRole("link", { name: "Keys" }).click();
	await page.getByRole("heading", { name: "Keys", exact: true }).waitFor();
	await page.getByRole("navigation").waitFor({ state: "hidden" });
	await context.close();
});

test("the mock's policy is otad's", () => {
	const source = readFileSync(new URL("../../../otad/http/web.c", import.meta.url), "utf8");
	const literals = /#define CSP((?:.*\\\n)*.*)/.exec(source)?.[1]?.match(/"[^"]*"/g) ?? [];
	assert.equal(literals.map((l) => l.slice(1, -1)).join(""), CSP);
});
