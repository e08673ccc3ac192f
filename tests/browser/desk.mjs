// What tests of jobs have in common: a mock server and pages for each test, and what people do with a keyboard.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { startMock } from "../../web/mock/server.mjs";
import { launch, openPage, TIMEOUT_MS } from "./browser.mjs";

/** One browser a file, one mock a test; whatever went wrong in a page fails the test that opened it. */
export function useDesk() {
	const desk = { mock: null, open: [], browser: null };
	before(async () => {
		desk.browser = await launch();
	});
	after(() => desk.browser.close());
	beforeEach(async () => {
		desk.mock = await startMock();
		desk.open = [];
	});
	afterEach(async () => {
		const troubles = desk.open.flatMap((o) => o.troubles);
		for (const { context } of desk.open) await context.close();
		desk.mock.close();
		assert.deepEqual(troubles, []);
	});
	/** A page in a context of its own; `clock` lets the test turn its clock forward. */
	desk.start = async (path, { clock = false, ...options } = {}) => {
		const opened = await openPage(desk.browser, options);
		desk.open.push(opened);
		if (clock) await opened.page.clock.install();
		await opened.page.goto(desk.mock.url + path);
		await opened.page.locator("h1").first().waitFor();
		return opened.page;
	};
	return desk;
}

/** A row holds some texts twice: for wide tables and for narrow ones. */
export const shown = (row, text) => row.getByText(text).filter({ visible: true }).first();

export const isLive = (page) => page.locator(".rail .live").getByText("Live").waitFor();

/** Presses Tab until the focused element's accessible text matches; the order of the page decides how often. */
export async function tabTo(page, name) {
	for (let i = 0; i < 120; i++) {
		await page.keyboard.press("Tab");
		const { text, visible } = await page.evaluate(() => {
			const e = document.activeElement;
			if (e === null || e === document.body) return { text: "", visible: false };
			const label = e.labels?.[0]?.textContent ?? "";
			const seen = [e, e.parentElement].some((x) => x !== null && getComputedStyle(x).outlineStyle !== "none");
			return {
				text: `${e.getAttribute("aria-label") ?? ""} ${label} ${e.textContent ?? ""}`,
				visible: seen || getComputedStyle(e, "::after").outlineStyle !== "none",
			};
		});
		if (name.test(text)) {
			assert.ok(visible, `the focus on ${name} cannot be seen`);
			return;
		}
	}
	assert.fail(`Tab never reaches ${name}`);
}

export async function until(what, test) {
	const end = Date.now() + TIMEOUT_MS;
	for (;;) {
		if (await test()) return;
		if (Date.now() > end) assert.fail(`never: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

/** A promise that the test keeps when it likes. */
export function deferred() {
	let resolve;
	const promise = new Promise((done) => {
		resolve = done;
	});
	return { promise, resolve };
}
