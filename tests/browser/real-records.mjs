// Steps of real.mjs that are about records and boards: a link made and used, the audit log saved, an ESP written over USB.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { openPage } from "./browser.mjs";
import { plugIn } from "./rom.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** `tools`: what real.mjs has for every step. */
export function recordSteps({ url, signedIn, expect }) {
	/** A file as a browser without a session gets it; null when the server refuses. */
	async function download(browser, address) {
		const context = await browser.newContext({ ignoreHTTPSErrors: true });
		const page = await context.newPage();
		const begun = page.waitForEvent("download", { timeout: 60_000 }).catch(() => null);
		const answer = await page.goto(address).catch(() => null);
		const file = answer === null ? await begun : null;
		const bytes = file === null ? null : await readFile(await file.path());
		await context.close();
		return { status: answer?.status() ?? 200, bytes };
	}

	async function link(browser, platform, version) {
		const opened = await openPage(browser, signedIn());
		const { page } = opened;
		await page.goto(url(`/releases/${platform}/${version}`));
		const item = page.locator(".artifact").first();
		const name = await item.locator("a").first().textContent();
		const digest = await item.locator(".digest code").textContent();
		await item.getByRole("button", { name: "Make a download link" }).click();
		await page.getByRole("dialog").getByRole("button", { name: "Make link" }).click();
		const address = await page.locator(".secret code").textContent();
		await page.getByRole("button", { name: "I have copied it" }).click();

		const { bytes } = await download(browser, address);
		expect(bytes !== null && sha256(bytes) === digest, `the link does not lead to ${name}`);

		await page.goto(url(`/links?platform=${platform}`));
		const row = page.getByRole("row").filter({ hasText: name }).first();
		await until(page, "the use is counted", () => row.getByText("1 use").count());
		await page.goto(url(`/downloads?platform=${platform}&via=link`));
		await until(page, "the download is logged", () => page.locator("tr[data-row]").filter({ hasText: name }).count());

		await page.goto(url(`/links?platform=${platform}`));
		await page.getByRole("button", { name: `Revoke the link to ${name}` }).click();
		await page.getByRole("dialog").getByRole("button", { name: "Revoke link" }).click();
		await row.getByText("Revoked").waitFor();
		const after = await download(browser, address);
		expect(after.status === 410 && after.bytes === null, `a revoked link answers ${after.status}`);
		return opened;
	}

	/** Written behind: the page is loaded again until it is there. */
	async function until(page, what, test) {
		for (let i = 0; i < 60; i++) {
			await page.waitForFunction(() => document.querySelector(".loading") === null);
			if ((await test()) > 0) return;
			await page.waitForTimeout(500);
			await page.reload();
			await page.locator("h1").waitFor();
		}
		throw new Error(`never: ${what}`);
	}

	async function audit(browser, to) {
		const opened = await openPage(browser, { ...signedIn(), permissions: ["clipboard-read", "clipboard-write"] });
		const { page } = opened;
		await page.goto(url("/audit"));
		await page.getByRole("button", { name: "Copy the log's head" }).click();
		await page.getByText("Copied").waitFor();
		console.log(`HEAD ${await page.evaluate(() => navigator.clipboard.readText())}`);
		await page.getByText("link.revoke").first().click();
		await page.locator("details[open] .changes").waitFor();
		await page.getByRole("button", { name: "Export" }).click();
		const [file] = await Promise.all([
			page.waitForEvent("download"),
			page.getByRole("dialog").getByRole("link", { name: "Save" }).click(),
		]);
		await file.saveAs(to);
		return opened;
	}

	async function flash(browser, platform, chip) {
		const opened = await openPage(browser, signedIn());
		const { page } = opened;
		const board = await plugIn(page, chip);
		await page.goto(url(`/flash?platform=${platform}`));
		await page.getByRole("button", { name: "Choose the port and write" }).click();
		await page.getByText("The board is written and runs again").waitFor({ timeout: 120_000 });
		const [{ offset, size }] = board.writes;
		console.log(`FLASHED ${offset} ${sha256(board.flash.subarray(offset, offset + size))}`);
		return opened;
	}

	return { link, audit, flash };
}
