// The real thing: a browser against a real otad. tests/e2e starts server and devices and calls this once for each step:
//
//   node real.mjs setup                      use the one-time link, sign out, refuse a wrong password, sign in
//   node real.mjs watch DEVICE FROM TO       prints READY when the list shows FROM, ends when it shows TO, never reloading
//   node real.mjs assign DEVICE VERSION      assigns a release in the device's page, ends when the page shows it as done
//   node real.mjs key NAME PLATFORM          makes an API key, prints "KEY secret"
//   node real.mjs revoke NAME                revokes it
//   node real.mjs people NAME PLATFORM       makes a role for one platform, invites NAME with it, joins by the link in another
//                                            browser, sets a second factor, signs in with it, sees that platform alone
//   node real.mjs link PLATFORM VERSION      makes a link to the release's first file, downloads by it in a fresh context,
//                                            finds the use in the log, revokes it
//   node real.mjs audit FILE                 prints "HEAD SEQ:HASH" and saves the whole log
//   node real.mjs flash PLATFORM CHIP        writes a fake board of that chip, prints "FLASHED OFFSET SHA-256"
//   node real.mjs send PLATFORM FILE NAME SAVE_TO
//                                            sends a partly signed file on the review page, sees it wait, saves it for the next
//   node real.mjs publish PLATFORM FILE VERSION NEXT NEXT_NAME
//                                            sends the one with the last signature, sees it published; sends NEXT, which waits
//   node real.mjs outsider PLATFORM FILE NAME PASSWORD
//                                            somebody who only reads sees FILE wait, no button, and is refused
//   node real.mjs drop PLATFORM FILE         deletes FILE by its name, makes the platform's listed files public
//   node real.mjs tour                       every page in light, dark and at 375 px: axe, policy, console, width
//
// Environment: OTAD_URL; OTAD_SETUP_LINK (setup only); OTAD_ADMIN, OTAD_PASSWORD (setup only); OTAD_BROWSER_STATE, a file
// that carries the session from step to step; OTAD_BROWSER_SHOTS, a folder for
// pictures: of every page of the tour, and of a step that fails.
// The last line is OK, or the reason on stderr and exit status 1.

import { axe, launch, openPage, SIZES, sidewaysScroll } from "./browser.mjs";
import { readQr } from "./qr.mjs";
import { recordSteps } from "./real-records.mjs";
import { reviewSteps } from "./real-review.mjs";
import { Authenticator } from "./totp.mjs";

const {
	OTAD_URL,
	OTAD_SETUP_LINK,
	OTAD_ADMIN = "admin",
	OTAD_PASSWORD,
	OTAD_BROWSER_STATE,
	OTAD_BROWSER_SHOTS,
} = process.env;
/** A device downloads, restarts and confirms within this, also on a busy machine. */
const UPDATE_MS = 240_000;

function require(value, name) {
	if (!value) throw new Error(`${name} is not set`);
	return value;
}

const url = (path) => `${require(OTAD_URL, "OTAD_URL")}${path}`;

/** The certificate comes from the test's own CA, which this Chromium does not know. */
const signedIn = () => ({ ignoreHTTPSErrors: true, storageState: require(OTAD_BROWSER_STATE, "OTAD_BROWSER_STATE") });

function expect(truth, message) {
	if (!truth) throw new Error(message);
}

/** Marks the document; a reload or another document would lose the mark. */
async function mark(page) {
	await page.evaluate(() => {
		window.otadTestMark = true;
	});
}

const isMarked = (page) => page.evaluate(() => window.otadTestMark === true);

async function setup(browser) {
	const expected = [/401/];
	const opened = await openPage(browser, { ignoreHTTPSErrors: true, expected });
	const { page, context } = opened;
	await page.goto(require(OTAD_SETUP_LINK, "OTAD_SETUP_LINK"));
	await page.getByLabel("Your name").fill(OTAD_ADMIN);
	await page.getByLabel("Password", { exact: true }).fill(require(OTAD_PASSWORD, "OTAD_PASSWORD"));
	await page.getByRole("button", { name: "Set up and sign in" }).click();
	await page.getByRole("heading", { name: "Overview" }).waitFor();
	expect(!page.url().includes("#"), "the token is still in the address");

	await page.getByRole("button", { name: OTAD_ADMIN }).click();
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.getByRole("heading", { name: "Sign in" }).waitFor();
	await page.getByLabel("Name", { exact: true }).fill(OTAD_ADMIN);
	await page.getByLabel("Password", { exact: true }).fill("not the password");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("alert").waitFor();
	await page.getByLabel("Password", { exact: true }).fill(OTAD_PASSWORD);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Overview" }).waitFor();

	const cookie = (await context.cookies()).find((c) => c.name === "__Host-otad");
	expect(cookie?.httpOnly && cookie.secure && cookie.sameSite === "Strict", "the session cookie lacks a protection");
	await context.storageState({ path: require(OTAD_BROWSER_STATE, "OTAD_BROWSER_STATE") });
	return opened;
}

async function watch(browser, device, from, to) {
	const opened = await openPage(browser, signedIn());
	const { page } = opened;
	await page.goto(url("/devices"));
	const row = page.locator(`tr[data-row="${device}"]`);
	await row.getByText(from, { exact: true }).filter({ visible: true }).first().waitFor();
	await page.locator(".rail .live").getByText("Live").waitFor();
	await mark(page);
	console.log("READY");
	await row
		.locator(".version > .changed", { hasText: new RegExp(`^${escaped(to)}$`) })
		.filter({ visible: true })
		.first()
		.waitFor({ timeout: UPDATE_MS });
	expect(await isMarked(page), "the page was loaded again");
	return opened;
}

function escaped(text) {
	return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function assign(browser, device, version) {
	const opened = await openPage(browser, signedIn());
	const { page } = opened;
	await page.goto(url(`/devices/${encodeURIComponent(device)}`));
	await mark(page);
	await page.getByRole("button", { name: "Assign release" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("radio", { name: version }).check();
	await dialog.getByRole("button", { name: `Assign ${version}` }).click();
	await dialog.waitFor({ state: "detached" });
	// A quick device on a busy machine is done before the page shows that it has begun: only what stays is waited for.
	const update = page.locator(".history > li").filter({ hasText: version }).first();
	await update.waitFor();
	const running = page
		.getByLabel("About the device")
		.locator(".version > .changed", { hasText: new RegExp(`^${escaped(version)}$`) });
	await running.first().waitFor({ timeout: UPDATE_MS });
	await update.getByText("Succeeded").first().waitFor({ timeout: UPDATE_MS });
	expect(await isMarked(page), "the page was loaded again");
	return opened;
}

async function key(browser, name, platform) {
	const opened = await openPage(browser, signedIn());
	const { page } = opened;
	await page.goto(url("/keys"));
	await page.getByRole("button", { name: "New API key" }).click();
	await page.getByLabel("Name", { exact: true }).fill(name);
	const box = page.getByRole("group", { name: "Platforms" }).getByLabel(platform, { exact: true });
	if (!(await box.isChecked())) await box.check();
	await page.getByRole("button", { name: "Make key" }).click();
	const secret = (await page.locator(".secret code").textContent()) ?? "";
	expect(/^otad_/.test(secret), `this is no API key: ${secret}`);
	await page.getByRole("button", { name: "I have stored it" }).click();
	await page.getByRole("row", { name: new RegExp(`${escaped(name)}.*Active`) }).waitFor();
	expect(!(await page.content()).includes(secret), "the secret is still in the page");
	console.log(`KEY ${secret}`);
	return opened;
}

async function revoke(browser, name) {
	const opened = await openPage(browser, signedIn());
	const { page } = opened;
	await page.goto(url("/keys"));
	await page.getByRole("button", { name: `Revoke ${name}` }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Revoke key" }).click();
	await page.getByRole("row", { name: new RegExp(`${escaped(name)}.*Revoked`) }).waitFor();
	return opened;
}

/** A role of one's own that sees devices and releases of one platform. */
async function makeRole(page, role, platform) {
	await page.goto(url("/roles"));
	await page.getByRole("button", { name: "New role" }).click();
	await page.getByLabel("Title", { exact: true }).fill(`Sees ${platform}`);
	await page.getByLabel("Name", { exact: true }).fill(role);
	await page.getByRole("button", { name: "Make role" }).click();
	await page.getByRole("heading", { name: `Sees ${platform}`, level: 1 }).waitFor();
	for (const right of ["See devices and updates", "See and download"]) {
		await page.getByRole("checkbox", { name: `${right}, ${platform}`, exact: true }).check();
	}
	await page.getByRole("button", { name: "Save role" }).click();
	await page.getByText("Nothing to save").waitFor();
}

async function invite(page, name, roleTitle) {
	await page.goto(url("/users"));
	await page.getByRole("button", { name: "Invite" }).click();
	await page.getByLabel("Name", { exact: true }).fill(name);
	await page.getByRole("dialog").getByLabel(roleTitle).check();
	await page.getByRole("button", { name: "Make invitation" }).click();
	const link = (await page.locator(".secret code").textContent()) ?? "";
	await page.getByRole("button", { name: "I have passed it on" }).click();
	await page.getByRole("row", { name: new RegExp(`${escaped(name)}.*Invited`) }).waitFor();
	return link;
}

async function joinBy(page, link, name, password) {
	await page.goto(link);
	await page.getByRole("heading", { name: `Welcome, ${name}` }).waitFor();
	expect(new URL(page.url()).hash === "", "the token is still in the address");
	await page.getByLabel("Password", { exact: true }).fill(password);
	await page.getByRole("button", { name: "Join" }).click();
	await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/** Switches the second factor on; answers the app that has its secret, and the recovery codes. */
async function setSecondFactor(browser, page, password) {
	await page.goto(url("/account"));
	await page.getByRole("button", { name: "Set up" }).click();
	await page.getByLabel("Your password").fill(password);
	await page.getByRole("button", { name: "Go on" }).click();
	const qr = page.getByRole("img", { name: "QR code" });
	await qr.waitFor();
	const app = new Authenticator(await readQr(browser, await qr.screenshot()));
	await page.getByLabel("Code", { exact: true }).fill(app.code());
	await page.getByRole("button", { name: "Switch it on" }).click();
	const listed = page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
	await listed.first().waitFor();
	const codes = await listed.allTextContents();
	await page.getByRole("button", { name: "I have stored them" }).click();
	await page.getByText(`${codes.length} of 10 left`).waitFor();
	return { app, codes };
}

/** Answers a new session with a new token: what comes next shows that the page uses it. */
async function changePassword(page, before, after) {
	await page.goto(url("/account"));
	await page.getByRole("button", { name: "Change password" }).click();
	await page.getByLabel("The password until now").fill(before);
	await page.getByLabel("The new password").fill(after);
	await page.getByRole("dialog").getByRole("button", { name: "Change password" }).click();
	await page.getByRole("dialog").waitFor({ state: "detached" });
}

async function newRecoveryCodes(page, code) {
	await page.getByRole("button", { name: "New codes" }).click();
	await page.getByRole("button", { name: "Use a recovery code" }).click();
	await page.getByLabel("Recovery code", { exact: true }).fill(code);
	await page.getByRole("button", { name: "Make new codes" }).click();
	await page.getByRole("button", { name: "I have stored them" }).click();
	await page.getByText("10 of 10 left").waitFor();
}

async function leave(page, name) {
	await page.getByRole("button", { name, exact: true }).click();
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

async function enter(page, name, password, code, kind = "Code") {
	await page.goto(url("/"));
	await page.getByLabel("Name", { exact: true }).fill(name);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByLabel("Code", { exact: true }).waitFor();
	if (kind !== "Code") await page.getByRole("button", { name: "Use a recovery code" }).click();
	await page.getByLabel(kind, { exact: true }).fill(code);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/** What a page's table names in its first column. */
async function rowsOf(page, path) {
	await page.goto(url(path));
	await page.locator("tr[data-row]").first().waitFor();
	return page.locator("tr[data-row]").evaluateAll((rows) => rows.map((r) => r.dataset.row));
}

async function people(browser, name, platform) {
	const password = "a horse, a battery, a staple";
	const admin = await openPage(browser, signedIn());
	await makeRole(admin.page, "one-platform", platform);
	const all = await rowsOf(admin.page, "/devices");
	const link = await invite(admin.page, name, `Sees ${platform}`);

	const opened = await openPage(browser, { ignoreHTTPSErrors: true, expected: [/401/, /404/] });
	const { page } = opened;
	await joinBy(page, link, name, password);
	const { app, codes } = await setSecondFactor(browser, page, password);
	await leave(page, name);
	await enter(page, name, password, app.code());
	await leave(page, name);
	await enter(page, name, password, codes[0], "Recovery code");

	const menu = await page.getByRole("navigation").getByRole("link").allTextContents();
	expect(!menu.some((entry) => ["Users", "Roles", "Keys", "Audit log"].includes(entry)), `the menu shows ${menu}`);
	const mine = await rowsOf(page, "/devices");
	expect(mine.length > 0 && mine.length < all.length, `${mine.length} of ${all.length} devices are shown`);
	const shown = await page.locator("main").textContent();
	for (const hidden of all.filter((id) => !mine.includes(id))) {
		expect(!shown?.includes(hidden), `${hidden} is of another platform`);
		await page.goto(url(`/devices/${encodeURIComponent(hidden)}`));
		await page.getByRole("alert").waitFor();
	}
	await page.goto(url("/platforms"));
	await page.locator("a.row-link, .panel a").first().waitFor();
	const platforms = (await page.locator("main").textContent()) ?? "";
	expect(platforms.includes(platform), `${platform} is not on the platforms page`);
	await page.goto(url("/users"));
	await page.getByText("Your roles do not open this page").waitFor();

	await changePassword(page, password, "another horse, another staple");
	await newRecoveryCodes(page, codes[1]);
	await page.goto(link);
	await page.getByRole("heading", { name: "This link has ended" }).waitFor();
	await admin.page.goto(url(`/users/${name}`));
	await admin.page.getByText("Active", { exact: true }).first().waitFor();
	expect(admin.troubles.length === 0, admin.troubles.join("\n"));
	return opened;
}

/** Follows the links of the real pages, so that every kind of page is seen with real data. */
async function pagesOf(page) {
	const paths = ["/", "/devices", "/updates", "/releases", "/platforms", "/keys", "/review", "/users", "/roles", "/account", "/links", "/downloads", "/audit", "/flash"];
	for (const list of ["/devices", "/releases", "/platforms", "/users", "/roles"]) {
		await page.goto(url(list));
		const link = page.locator("a.row-link").first();
		await link.waitFor();
		paths.push((await link.getAttribute("href")) ?? "");
	}
	return paths;
}

async function tour(browser) {
	const first = await openPage(browser, signedIn());
	const paths = await pagesOf(first.page);
	const faults = [...first.troubles];
	for (const [name, look] of Object.entries({ light: {}, dark: { dark: true }, phone: { size: SIZES.phone } })) {
		const { page, context, troubles } = await openPage(browser, { ...signedIn(), ...look });
		for (const path of paths) {
			await page.goto(url(path));
			await page.locator("h1").waitFor();
			await page.waitForFunction(() => document.querySelector(".loading") === null);
			const where = `${path} in ${name}`;
			faults.push(...(await axe(page)).map((fault) => `${where}: ${fault}`));
			if ((await sidewaysScroll(page)) > 0) faults.push(`${where}: scrolls sideways`);
			if (OTAD_BROWSER_SHOTS)
				await page.screenshot({ path: `${OTAD_BROWSER_SHOTS}/${paths.indexOf(path)}-${name}.png` });
		}
		faults.push(...troubles);
		await context.close();
	}
	expect(faults.length === 0, faults.join("\n"));
	return first;
}

const STEPS = { setup, watch, assign, key, revoke, people, ...recordSteps({ url, signedIn, expect }), ...reviewSteps({ url, signedIn, expect }), tour };

async function picture(browser, step) {
	if (!OTAD_BROWSER_SHOTS) return;
	const pages = browser.contexts().flatMap((context) => context.pages());
	for (const [i, page] of pages.entries()) {
		await page.screenshot({ path: `${OTAD_BROWSER_SHOTS}/${step}-${i}.png`, fullPage: true });
	}
}

async function main([step, ...rest]) {
	const run = STEPS[step];
	if (!run) throw new Error(`usage: node real.mjs ${Object.keys(STEPS).join("|")} [ARGUMENT]...`);
	const browser = await launch();
	try {
		const { troubles } = await run(browser, ...rest);
		expect(troubles.length === 0, troubles.join("\n"));
		console.log("OK");
	} catch (error) {
		await picture(browser, step);
		throw error;
	} finally {
		await browser.close();
	}
}

main(process.argv.slice(2)).catch((error) => {
	console.error(error.stack ?? String(error));
	process.exitCode = 1;
});
