// The real thing: a browser against a real otad. tests/e2e starts server and devices and calls this once for each step:
//
//   node real.mjs setup                      use the one-time link, sign out, refuse a wrong password, sign in
//   node real.mjs watch DEVICE FROM TO       prints READY when the list shows FROM, ends when it shows TO, never reloading
//   node real.mjs assign DEVICE VERSION      assigns a release in the device's page, ends when the page shows it as done
//   node real.mjs key NAME PLATFORM          makes an API key, prints "KEY secret"
//   node real.mjs revoke NAME                revokes it
//   node real.mjs tour                       every page in light, dark and at 375 px: axe, policy, console, width
//
// Environment: OTAD_URL; OTAD_SETUP_LINK (setup only); OTAD_ADMIN, OTAD_PASSWORD (setup only); OTAD_BROWSER_STATE, a file
// that carries the session from step to step; OTAD_BROWSER_SHOTS, a folder for
// pictures: of every page of the tour, and of a step that fails.
// The last line is OK, or the reason on stderr and exit status 1.

import { axe, launch, openPage, SIZES, sidewaysScroll } from "./browser.mjs";

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
	await page.getByRole("heading", { name: "Update in progress" }).waitFor();
	console.log("ASSIGNED");
	const running = page
		.getByLabel("About the device")
		.locator(".version > .changed", { hasText: new RegExp(`^${escaped(version)}$`) });
	await running.first().waitFor({ timeout: UPDATE_MS });
	await page.locator(".history").getByText("Succeeded").first().waitFor({ timeout: UPDATE_MS });
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

/** Follows the links of the real pages, so that every kind of page is seen with real data. */
async function pagesOf(page) {
	const paths = ["/", "/devices", "/updates", "/releases", "/platforms", "/keys"];
	for (const list of ["/devices", "/releases", "/platforms"]) {
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

const STEPS = { setup, watch, assign, key, revoke, tour };

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
