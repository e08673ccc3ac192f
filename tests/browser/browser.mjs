// A Chromium that tells everything that goes wrong in a page. Used by every browser test.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const TIMEOUT_MS = 30_000;

export const SIZES = {
	desktop: { width: 1280, height: 860 },
	phone: { width: 375, height: 740 },
};

export function launch() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: [
			"--no-sandbox",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
		],
	});
}

/** What a failed request makes Chromium print by itself; the tests provoke those on purpose. */
function isExpected(text, expected) {
	return expected.some((pattern) => pattern.test(text));
}

/**
 * A page in a context of its own. `troubles` collects console errors, page errors and policy violations; `expected` are
 * patterns of console errors that the test provokes itself.
 */
export async function openPage(browser, { size = SIZES.desktop, dark = false, expected = [], ...more } = {}) {
	const context = await browser.newContext({
		viewport: size,
		colorScheme: dark ? "dark" : "light",
		reducedMotion: "reduce",
		...more,
	});
	context.setDefaultTimeout(TIMEOUT_MS);
	const page = await context.newPage();
	const troubles = await watch(page, expected);
	return { context, page, troubles };
}

export async function watch(page, expected = []) {
	const troubles = [];
	page.on("console", (message) => {
		const text = `console: ${message.text()} ${message.location().url ?? ""}`;
		if (message.type() === "error" && !isExpected(text, expected)) troubles.push(text);
	});
	page.on("pageerror", (error) => troubles.push(`page error: ${error.stack ?? error}`));
	await page.exposeFunction("__violated", (text) => troubles.push(`policy: ${text}`));
	await page.addInitScript(() => {
		addEventListener("securitypolicyviolation", (e) => {
			window.__violated(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`);
		});
	});
	return troubles;
}

/** The rules that a page breaks, as one line each. */
export async function axe(page) {
	await page.evaluate(AXE);
	const found = await page.evaluate(async (tags) => {
		const result = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
		return result.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary}`));
	}, AXE_TAGS);
	return found;
}

/** How far the page can be scrolled sideways: none is right. */
export function sidewaysScroll(page) {
	return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
