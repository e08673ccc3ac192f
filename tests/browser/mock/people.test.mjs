// What people do with accounts, users, roles and keys, by keyboard where it says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CODE, JOIN_TOKEN, PASSWORD, RESET_TOKEN } from "../../../web/mock/people.mjs";
import { tabTo, until, useDesk } from "../desk.mjs";
import { readQr } from "../qr.mjs";

const desk = useDesk();
const { start } = desk;
const userOf = (name) => desk.mock.world.users.find((u) => u.name === name);
const roleOf = (name) => desk.mock.world.roles.find((r) => r.name === name);
const heading = (page, name) => page.getByRole("heading", { name, exact: true, level: 1 });
const signedOut = { expected: [/401/] };

/** The sign-in page, filled in as far as the password. */
async function atTheDoor(name) {
	desk.mock.control.signedIn = false;
	const page = await start("/", { expected: [/401/, /429/] });
	await page.getByLabel("Name").fill(name);
	await page.getByLabel("Password").fill(PASSWORD);
	await page.keyboard.press("Enter");
	return page;
}

test("by keyboard: sign in with a code; a wrong one is told at its field", async () => {
	const page = await atTheDoor("berta");
	const code = page.getByLabel("Code", { exact: true });
	await code.waitFor();
	assert.ok(await code.evaluate((e) => e === document.activeElement), "the code can be typed at once");
	await page.keyboard.type("000000");
	await page.keyboard.press("Enter");
	await page.getByText("This code does not count").waitFor();
	assert.equal(await code.getAttribute("aria-invalid"), "true");
	await code.fill(`${CODE.slice(0, 3)} ${CODE.slice(3)}`);
	await page.keyboard.press("Enter");
	await heading(page, "Overview").waitFor();
	await page.getByRole("button", { name: "berta" }).waitFor();
});

test("sign in with a recovery code, once", async () => {
	desk.mock.world.recoveryCodes = ["k7pd-4hqz"];
	const page = await atTheDoor("berta");
	await page.getByRole("button", { name: "Use a recovery code" }).click();
	await page.getByLabel("Recovery code", { exact: true }).fill("K7PD-4HQZ");
	await page.getByRole("button", { name: "Sign in" }).click();
	await heading(page, "Overview").waitFor();
	assert.deepEqual(desk.mock.world.recoveryCodes, []);
});

test("too many attempts: the door says how long to wait", async () => {
	desk.mock.control.tooMany = true;
	const page = await atTheDoor("admin");
	const alert = page.getByRole("alert");
	await alert.getByText("Too many attempts").waitFor();
	await alert.getByText(/Try again in \d+ s/).waitFor();
	desk.mock.control.tooMany = false;
	await page.getByRole("button", { name: "Sign in" }).click();
	await heading(page, "Overview").waitFor();
});

test("by keyboard: join by the one-time link, whose token leaves the address at once", async () => {
	desk.mock.control.signedIn = false;
	const page = await start(`/join#${JOIN_TOKEN}`, { expected: [/401/, /422/] });
	await heading(page, "Welcome, frida").waitFor();
	assert.equal(page.url(), `${desk.mock.url}/join`);
	const password = page.getByLabel("Password", { exact: true });
	await password.evaluate((field) => field.removeAttribute("minlength"));
	await password.focus();
	await page.keyboard.type("short");
	await page.keyboard.press("Enter");
	await page.getByText("At least 12 characters", { exact: true }).waitFor();
	await password.fill("long enough, surely");
	await tabTo(page, /^\s*Join/);
	await page.keyboard.press("Enter");
	await heading(page, "Overview").waitFor();
	assert.equal(userOf("frida").state, "active");
	await page.goBack().catch(() => null);
	assert.ok(!page.url().includes(JOIN_TOKEN), "the token is not in the history");
});

test("a reset link asks for the second factor too, and warns who is signed in", async () => {
	const page = await start(`/join#${RESET_TOKEN}`, signedOut);
	await heading(page, "A new password").waitFor();
	await page.getByText("admin is signed in here").waitFor();
	await page.getByLabel("Password", { exact: true }).fill("long enough, surely");
	await page.getByLabel("Code", { exact: true }).fill("999999");
	await page.getByRole("button", { name: "Set the password" }).click();
	await page.getByText("This code does not count").waitFor();
	await page.getByLabel("Code", { exact: true }).fill(CODE);
	await page.getByRole("button", { name: "Set the password" }).click();
	await page.getByRole("button", { name: "berta" }).waitFor();
});

test("a link that has ended says so, whatever the reason", async () => {
	desk.mock.control.signedIn = false;
	for (const path of ["/join#no-such-token", "/join"]) {
		const page = await start(path, { expected: [/401/, /404/] });
		await heading(page, "This link has ended").waitFor();
		await page.getByRole("link", { name: "Sign in" }).waitFor();
	}
});

test("by keyboard: set up a second factor, keep the recovery codes", async () => {
	const page = await start("/account", { expected: [/403/], acceptDownloads: true });
	await page.getByText("Off: your password alone").waitFor();
	await tabTo(page, /^\s*Set up/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor();
	await page.keyboard.type("not the password");
	await page.keyboard.press("Enter");
	await page.getByText("This is not your password").waitFor();
	await page.getByLabel("Your password").fill(PASSWORD);
	await page.keyboard.press("Enter");
	const qr = page.getByRole("img", { name: "QR code" });
	await qr.waitFor();
	assert.match(await readQr(desk.browser, await qr.screenshot()), /^otpauth:\/\/totp\/.*secret=[A-Z2-7]+/);
	await tabTo(page, /Type it in instead/);
	await page.keyboard.press("Enter");
	await page.getByText(/^[A-Z2-7]{4}( [A-Z2-7]{4})+$/).waitFor();
	await page.getByLabel("Code", { exact: true }).focus();
	await page.keyboard.type("111111");
	await page.keyboard.press("Enter");
	await page.getByText("This code does not count").waitFor();
	await page.getByLabel("Code", { exact: true }).fill(CODE);
	await page.keyboard.press("Enter");
	const listed = page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
	await listed.first().waitFor();
	const codes = await listed.allTextContents();
	assert.equal(codes.length, 10);
	await page.keyboard.press("Escape");
	assert.ok(await page.getByRole("dialog").isVisible(), "Escape must not lose the codes");
	const arrived = page.waitForEvent("download");
	await tabTo(page, /Download/);
	await page.keyboard.press("Enter");
	const file = await arrived;
	assert.match(file.suggestedFilename(), /recovery-codes-admin\.txt$/);
	await tabTo(page, /I have stored them/);
	await page.keyboard.press("Enter");
	await page.getByText("10 of 10 left").waitFor();
	assert.ok(!(await page.content()).includes(codes[0]));
});

test("switch the second factor off, with password and code", async () => {
	userOf("admin").totp = true;
	desk.mock.world.recoveryCodes = ["k7pd-4hqz", "w3mx-b8vf"];
	const page = await start("/account");
	await page.getByText("2 of 10 left: make new ones").waitFor();
	await page.getByRole("button", { name: "New codes" }).click();
	await page.getByLabel("Code", { exact: true }).fill(CODE);
	await page.getByRole("button", { name: "Make new codes" }).click();
	await page.getByRole("button", { name: "I have stored them" }).click();
	await page.getByText("10 of 10 left").waitFor();
	await page.getByRole("button", { name: "Switch off" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Your password").fill(PASSWORD);
	await dialog.getByLabel("Code", { exact: true }).fill(CODE);
	await dialog.getByRole("button", { name: "Switch it off" }).click();
	await page.getByText("Off: your password alone").waitFor();
});

test("by keyboard: switch the second factor off; what is wrong stands at its field", async () => {
	userOf("admin").totp = true;
	const page = await start("/account", { expected: [/403/] });
	const dialog = page.getByRole("dialog", { name: "Switch the second factor off?" });
	await tabTo(page, /^\s*Switch off/);
	await page.keyboard.press("Enter");
	await dialog.waitFor();
	await page.keyboard.type(PASSWORD);
	await tabTo(page, /^\s*Code/);
	await page.keyboard.type("111111");
	await page.keyboard.press("Enter");
	await dialog.getByText("This code does not count").waitFor();
	assert.equal(userOf("admin").totp, true);
	await tabTo(page, /^\s*Code/);
	await page.keyboard.press("Control+A");
	await page.keyboard.type(CODE);
	await tabTo(page, /^\s*Switch it off/);
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await page.getByText("Off: your password alone").waitFor();
	assert.equal(userOf("admin").totp, false);
	assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY", "the focus is somewhere");
});

test("by keyboard: change the password; Escape leaves it, a wrong one stands at its field, the focus comes back", async () => {
	const page = await start("/account", { expected: [/403/] });
	const dialog = page.getByRole("dialog", { name: "Change the password" });
	const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
	await page.getByRole("table", { name: "Your sign-ins" }).locator("tr[data-row]").nth(2).waitFor();
	await tabTo(page, /^\s*Change password/);
	await page.keyboard.press("Enter");
	await dialog.waitFor();
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	assert.equal(await focused(), "Change password");
	await page.keyboard.press("Enter");
	await dialog.waitFor();
	await page.keyboard.type("something else");
	await tabTo(page, /The new password/);
	await page.keyboard.type("a longer one this time");
	await page.keyboard.press("Enter");
	await dialog.getByText("This is not your password").waitFor();
	await tabTo(page, /The password until now/);
	await page.keyboard.press("Control+A");
	await page.keyboard.type(PASSWORD);
	const told = page.getByText("all other sign-ins have ended").waitFor(); // it goes again by itself
	await page.keyboard.press("Enter");
	await told;
	await dialog.waitFor({ state: "detached" });
	await until("this sign-in alone is left", async () => (await page.locator("tr[data-row]").count()) === 1);
	assert.equal(await focused(), "Change password");
});

test("a new password ends the other sign-ins; each can be ended alone", async () => {
	const page = await start("/account", { expected: [/403/] });
	const table = page.getByRole("table", { name: "Your sign-ins" });
	await table.getByRole("row", { name: /Firefox 140 on Linux.*This one/ }).waitFor();
	await table.getByRole("button", { name: /End the sign-in of Safari/ }).click();
	await page.getByRole("dialog").getByRole("button", { name: "End the sign-in" }).click();
	await until("two left", async () => (await table.locator("tr[data-row]").count()) === 2);
	await page.getByRole("button", { name: "Change password" }).click();
	await page.getByLabel("The password until now").fill("something else");
	await page.getByLabel("The new password").fill("a longer one this time");
	await page.getByRole("dialog").getByRole("button", { name: "Change password" }).click();
	await page.getByText("This is not your password").waitFor();
	await page.getByLabel("The password until now").fill(PASSWORD);
	await page.getByRole("dialog").getByRole("button", { name: "Change password" }).click();
	await until("one left", async () => (await table.locator("tr[data-row]").count()) === 1);
	await page.getByText("This one").waitFor();
});

test("by keyboard: invite somebody; the link is shown once", async () => {
	const page = await start("/users", { expected: [/409/] });
	await tabTo(page, /^\s*Invite/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor();
	await page.keyboard.type("berta");
	await tabTo(page, /Operator/);
	await page.keyboard.press("Space");
	await tabTo(page, /Make invitation/);
	await page.keyboard.press("Enter");
	await page.getByText("Choose another name").waitFor();
	await page.getByLabel("Name", { exact: true }).fill("gerda");
	await page.keyboard.press("Enter");
	const link = await page.locator(".secret code").textContent();
	assert.match(link, /\/join#./);
	await page.keyboard.press("Escape");
	assert.ok(await page.locator(".secret").isVisible(), "Escape must not lose the link");
	await tabTo(page, /I have passed it on/);
	await page.keyboard.press("Enter");
	await page.getByRole("row", { name: /gerda.*Invited.*Operator/ }).waitFor();
	assert.ok(!(await page.content()).includes(link));
	assert.deepEqual(userOf("gerda").roles, ["operator"]);
});

test("by keyboard: change somebody's roles, reset, disable and enable, delete", async () => {
	const page = await start("/users");
	await tabTo(page, /^\s*dora/);
	await page.keyboard.press("Enter");
	await heading(page, "dora").waitFor();
	await tabTo(page, /Change roles/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor();
	await tabTo(page, /Operator/);
	await page.keyboard.press("Space");
	await tabTo(page, /Save roles/);
	await page.keyboard.press("Enter");
	await page.locator(".facts").getByText("Operator").waitFor();
	assert.deepEqual(userOf("dora").roles.sort(), ["esp-team", "operator", "viewer"]);
	await tabTo(page, /Reset password/);
	await page.keyboard.press("Enter");
	await tabTo(page, /Take the second factor off too/);
	await page.keyboard.press("Space");
	await tabTo(page, /^\s*Reset password/);
	await page.keyboard.press("Enter");
	assert.match(await page.locator(".secret code").textContent(), /\/join#./);
	await tabTo(page, /I have passed it on/);
	await page.keyboard.press("Enter");
	await page.getByText("Not signed in anywhere").waitFor();
	assert.equal(userOf("dora").totp, false);
	for (const what of ["Disable", "Enable"]) {
		await tabTo(page, new RegExp(`^\\s*${what}`));
		await page.keyboard.press("Enter");
		await tabTo(page, new RegExp(`^\\s*${what} dora`));
		await page.keyboard.press("Enter");
		await page.getByRole("dialog").waitFor({ state: "detached" });
	}
	assert.equal(userOf("dora").state, "active");
	await tabTo(page, /^\s*Delete/);
	await page.keyboard.press("Enter");
	await tabTo(page, /^\s*Delete dora/);
	await page.keyboard.press("Enter");
	await heading(page, "Users").waitFor();
	assert.equal(userOf("dora"), undefined);
});

test("the last administrator: what cannot be done says why, and a refusal of the server is shown", async () => {
	const page = await start("/users/admin", { expected: [/409/] });
	await page.getByRole("status").getByText("The last administrator").waitFor();
	for (const name of ["Disable", "Delete"]) {
		const button = page.getByRole("button", { name: new RegExp(`^${name}`) });
		assert.equal(await button.getAttribute("aria-disabled"), "true");
		assert.match(await button.getAttribute("title"), /last administrator/i);
	}
	await page.getByRole("button", { name: "Change roles" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Administrator").uncheck();
	await dialog.getByLabel("Viewer").check();
	await dialog.getByRole("button", { name: "Save roles" }).click();
	await dialog.getByRole("alert").getByText("This is the last administrator").waitFor();
	assert.deepEqual(userOf("admin").roles, ["admin"]);
});

test("by keyboard: copy a role, change a right on one platform, save, delete", async () => {
	const page = await start("/roles");
	await tabTo(page, /New role/);
	await page.keyboard.press("Enter");
	await page.getByRole("dialog").waitFor();
	await page.keyboard.type("Hall 3");
	await tabTo(page, /^\s*Name/);
	await page.keyboard.type("hall-3");
	await tabTo(page, /Copy the rights of/);
	await page.keyboard.type("Pump");
	await tabTo(page, /Make role/);
	await page.keyboard.press("Enter");
	await heading(page, "Hall 3").waitFor();
	assert.deepEqual(roleOf("hall-3").grants, roleOf("pump-support").grants);
	await tabTo(page, /Upload, esp8266/);
	await page.keyboard.press("Space");
	await page.getByText("1 change").waitFor();
	await tabTo(page, /Save role/);
	await page.keyboard.press("Enter");
	await page.getByText("Nothing to save").waitFor();
	assert.ok(roleOf("hall-3").grants.some((g) => g.platform === "esp8266" && g.permissions.includes("release.upload")));
	await tabTo(page, /^\s*Delete/);
	await page.keyboard.press("Enter");
	await tabTo(page, /Delete role/);
	await page.keyboard.press("Enter");
	await heading(page, "Roles").waitFor();
	assert.equal(roleOf("hall-3"), undefined);
});

test("the matrix: all platforms counts everywhere, a right brings what it needs, built-in roles are for reading", async () => {
	const page = await start("/roles/esp-team");
	const box = (name) => page.getByRole("checkbox", { name, exact: true });
	await box("Change devices, assign releases, mps2-an386").check();
	assert.ok(await box("See devices and updates, mps2-an386").isChecked());
	await box("Read the logs, all platforms").check();
	assert.ok(await box("Read the logs, stm32f4-pump").isChecked());
	assert.ok(await box("Read the logs, stm32f4-pump").isDisabled());
	assert.equal(await box("Manage people and roles, esp8266").count(), 0);
	await page.getByText("3 changes").waitFor();
	await page.getByRole("button", { name: "Discard" }).click();
	await page.getByText("Nothing to save").waitFor();
	const remove = page.getByRole("button", { name: /^Delete/ });
	assert.match(await remove.getAttribute("title"), /2 people have this role/);
	await page.goto(`${desk.mock.url}/roles/manager`);
	await page.getByText("Built in: copy it to change it").waitFor();
	assert.equal(await page.getByRole("checkbox").count(), 0);
});

const LIMITED = [
	{ platform: "*", permissions: ["device.read", "key.manage", "user.manage"] },
	{ platform: "esp8266", permissions: ["release.read", "release.upload"] },
];

test("nobody hands out a right that they lack: keys, roles, users", async () => {
	desk.mock.control.grants = LIMITED;
	const page = await start("/keys");
	await page.getByRole("button", { name: "New API key" }).click();
	const dialog = page.getByRole("dialog");
	assert.ok(await dialog.getByLabel("Withdraw").isDisabled());
	await dialog.getByText("You lack release.withdraw, so a key cannot have it").waitFor();
	await dialog.getByLabel("Name", { exact: true }).fill("ci");
	await dialog.getByLabel("mps2-an386").check();
	const make = dialog.getByRole("button", { name: "Make key" });
	assert.match(await make.getAttribute("title"), /You lack release.read on mps2-an386/);
	await dialog.getByLabel("mps2-an386").uncheck();
	await dialog.getByLabel("esp8266").check();
	await make.click();
	await page.locator(".secret code").waitFor();
	assert.deepEqual(desk.mock.world.keys[0].scopes.sort(), ["release.read", "release.upload"]);
	await page.goto(`${desk.mock.url}/roles/esp-team`);
	assert.ok(await page.getByRole("checkbox", { name: "Withdraw, esp8266" }).isDisabled());
	assert.ok(await page.getByRole("checkbox", { name: "Upload, mps2-an386" }).isDisabled());
	assert.ok(await page.getByRole("checkbox", { name: "Upload, esp8266" }).isEnabled(), "it can be taken off");
	await page.goto(`${desk.mock.url}/users`);
	await page.getByRole("button", { name: "Invite" }).click();
	await page
		.getByRole("dialog")
		.getByText(/You lack release\.\w+ yourself/)
		.first()
		.waitFor();
	assert.ok(await page.getByRole("dialog").getByLabel("Administrator").isDisabled());
});

test("the menu shows what one may do, and other pages say why they do not open", async () => {
	desk.mock.control.grants = [{ platform: "esp8266", permissions: ["device.read"] }];
	const page = await start("/");
	const menu = page.getByRole("navigation");
	await menu.getByRole("link", { name: "Devices" }).waitFor();
	assert.deepEqual(await menu.getByRole("link").allTextContents(), ["Overview", "Devices", "Updates"]);
	await page.goto(`${desk.mock.url}/users`);
	await page.getByText("Your roles do not open this page").waitFor();
	await page.getByRole("link", { name: "Go to Overview" }).click();
	await heading(page, "Overview").waitFor();
	for (const path of ["/", "/devices", "/updates"]) {
		await page.goto(desk.mock.url + path);
		await page.locator("tr[data-row]").first().waitFor();
	}
	assert.equal(await page.getByRole("alert").count(), 0);
});
