// Every page and every dialog in one look: no axe violation, no console or page error, no violation of the policy, nothing
// to scroll sideways. mock/pages-LOOK.test.mjs run this, so that several processors can share it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CODE, JOIN_TOKEN, PASSWORD, RESET_TOKEN } from "../../web/mock/people.mjs";
import { startMock } from "../../web/mock/server.mjs";
import { axe, launch, openPage, SIZES, sidewaysScroll } from "./browser.mjs";

export const LOOKS = { light: {}, dark: { dark: true }, phone: { size: SIZES.phone, hasTouch: true, isMobile: true } };

let browser;
let mock;
let empty;

const failed = () => mock.world.updates.find((u) => u.state === "failed").device;
const moving = () => mock.world.updates.find((u) => u.state === "downloading").device;

const stale = (why) => mock.world.devices.find((d) => d.stale?.why === why).id;

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
	users: () => "/users",
	user: () => "/users/dora",
	"last administrator": () => "/users/admin",
	"user unknown": () => "/users/nobody",
	roles: () => "/roles",
	"role of one's own": () => "/roles/esp-team",
	"role built in": () => "/roles/manager",
	account: () => "/account",
	"overview, a week of one platform": () => "/?platform=esp8266&days=7",
	"updates, filtered": () => "/updates?state=failed&platform=esp8266",
	"updates, none found": () => "/updates?device=nobody",
	"release of ESP files": () => "/releases/esp32-sensor/1.8.0",
	review: () => "/review",
	"device that is stale": () => `/devices/${stale("metadata-expired")}`,
	"device that does not follow": () => `/devices/${stale("not-followed")}`,
	"device without a repository": () => `/devices/${stale("no-repository")}`,
	"devices that are stale": () => "/devices?stale=true",
	"review, one platform without": () => "/review?platform=esp8266",
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
	"/review",
	"/keys",
	"/links",
	"/downloads",
	"/audit",
	"/flash",
	"/users",
	"/roles",
	"/account",
];

/** [name, page, the button that opens it, what is done in it, whether only an answer closes it] */
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
	["send a signed file", "/review", "Send a signed file"],
	["delete a waiting file", "/review", "Delete 2.targets.json of mps2-an386"],
	["new key", "/keys", "New API key"],
	["new gateway token", "/keys", "New gateway token"],
	["revoke key", "/keys", "Revoke ci-firmware"],
	["invite", "/users", "Invite"],
	["invitation", "/users", "Invite", (dialog) => invite(dialog), "I have passed it on"],
	["roles of a user", "/users/dora", "Change roles"],
	["reset a user", "/users/dora", "Reset password"],
	["disable a user", "/users/dora", "Disable"],
	["delete a user", "/users/dora", "Delete"],
	["end a sign-in", "/users/dora", "End the sign-in of Edge 143 on Windows, 10.20.0.22"],
	["new role", "/roles", "New role"],
	["copy a role", "/roles/manager", "Copy"],
	["delete a role", "/roles/pump-support", "Delete"],
	["new password", "/account", "Change password"],
	["end other sign-ins", "/account", "End all others"],
	["second factor", "/account", "Set up"],
	["second factor, scanning", "/account", "Set up", (dialog) => scan(dialog)],
	["recovery codes", "/account", "Set up", (dialog) => confirm(dialog), "I have stored them"],
	["new recovery codes", "/account", "New codes"],
	["second factor off", "/account", "Switch off"],
];

async function invite(dialog) {
	await dialog.getByLabel("Name", { exact: true }).fill("gerda");
	await dialog.getByLabel("Viewer").check();
	await dialog.getByRole("button", { name: "Make invitation" }).click();
	await dialog.locator(".secret").waitFor();
}

async function scan(dialog) {
	await dialog.getByLabel("Your password").fill(PASSWORD);
	await dialog.getByRole("button", { name: "Go on" }).click();
	await dialog.getByRole("img", { name: "QR code" }).waitFor();
	await dialog.getByText("Type it in instead").click();
}

/** Sets the second factor: the dialogs after this one need it. */
async function confirm(dialog) {
	await scan(dialog);
	await dialog.getByLabel("Code", { exact: true }).fill(CODE);
	await dialog.getByRole("button", { name: "Switch it on" }).click();
	await dialog.getByRole("list", { name: "Recovery codes" }).waitFor();
}

export async function settled(page) {
	await page.locator("h1").first().waitFor();
	await page.waitForFunction(() => document.querySelector(".loading") === null);
}

export async function assertSound(page, troubles, where) {
	assert.deepEqual(await axe(page), [], where);
	assert.ok((await sidewaysScroll(page)) <= 0, `${where} scrolls sideways`);
	assert.deepEqual(troubles, [], where);
}

/** One page for all addresses: navigating is cheap, a new context is not. */
async function visit(look, server, addresses, check) {
	const { page, context, troubles } = await openPage(browser, { ...LOOKS[look], expected: [/404/] });
	for (const [name, path, ...more] of addresses) {
		await page.goto(server.url + path);
		await settled(page);
		await check(page, troubles, `${name}, ${look}`, ...more);
	}
	await context.close();
}

async function checkDialog(page, troubles, where, button, fill, answer) {
	const opener = page.getByRole("button", { name: button, exact: true }).first();
	await opener.click();
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	await fill?.(dialog);
	await settled(page);
	await assertSound(page, troubles, where);
	if (answer) await dialog.getByRole("button", { name: answer }).click();
	else await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	const stays = (await opener.count()) > 0;
	if (stays) assert.ok(await opener.evaluate((b) => b === document.activeElement), `${where}: focus does not return`);
}

export function soundIn(look) {
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

	test(`pages are sound in ${look}`, async () => {
		const addresses = Object.entries(PAGES).map(([name, path]) => [name, path()]);
		await visit(look, mock, addresses, assertSound);
	});

	test(`pages of a new server are sound in ${look}`, async () => {
		const addresses = EMPTY_PAGES.map((path) => [`empty ${path}`, path]);
		await visit(look, empty, addresses, assertSound);
	});

	test(`dialogs are sound in ${look}`, async () => {
		const addresses = DIALOGS.map(([name, path, ...more]) => [name, typeof path === "string" ? path : path(), ...more]);
		await visit(look, mock, addresses, checkDialog);
	});

	test(`doors are sound in ${look}`, async () => {
		const door = await startMock();
		Object.assign(door.control, { signedIn: false, setupNeeded: true });
		const { page, context, troubles } = await openPage(browser, { ...LOOKS[look], expected: [/401/, /404/] });
		const at = async (path, name) => {
			await page.goto("about:blank");
			await page.goto(door.url + path);
			await page.getByRole("heading", { name, level: 1 }).waitFor();
			await assertSound(page, troubles, `${path}, ${look}`);
		};
		await at("/setup", "Welcome");
		await at("/setup#mock-setup-token", "Welcome");
		door.control.setupNeeded = false;
		await at("/setup#mock-setup-token", "Set up already");
		await at(`/join#${JOIN_TOKEN}`, "Welcome, frida");
		await at(`/join#${RESET_TOKEN}`, "A new password");
		await at("/join#none", "This link has ended");
		await at("/", "Sign in");
		await page.getByLabel("Name").fill("berta");
		await page.getByLabel("Password").fill(PASSWORD);
		await page.keyboard.press("Enter");
		await page.getByLabel("Code", { exact: true }).waitFor();
		await assertSound(page, troubles, `code, ${look}`);
		await context.close();
		door.close();
	});
}
