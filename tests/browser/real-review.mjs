// Steps of real.mjs on the review page: managers send what they signed, see it wait and go out; a waiting file is deleted;
// who may only read finds nothing to press and is refused.

import { openPage } from "./browser.mjs";

/** `tools`: what real.mjs has for every step. */
export function reviewSteps({ url, signedIn, expect }) {
	const panel = (page, file) => page.locator(".panel").filter({ has: page.getByRole("heading", { name: file }) });

	async function openReview(browser, platform, state = signedIn()) {
		const opened = await openPage(browser, state);
		await opened.page.goto(url(`/review?platform=${platform}`));
		await opened.page.getByRole("list", { name: `Published metadata of ${platform}` }).waitFor();
		return opened;
	}

	async function sendFile(page, file) {
		await page.getByRole("button", { name: "Send a signed file" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.locator("input[type=file]").setInputFiles(file);
		await dialog.getByRole("button", { name: "Send", exact: true }).click();
		await dialog.waitFor({ state: "detached" });
	}

	/** The first manager's: it waits, says what it lacks and what it changes, and is saved for the next one to sign. */
	async function send(browser, platform, file, name, saveTo) {
		const opened = await openReview(browser, platform);
		const { page } = opened;
		await sendFile(page, file);
		const waiting = panel(page, `${platform}: ${name}`);
		await waiting.getByText("1 signature missing").waitFor();
		await waiting.getByRole("heading", { name: "Signatures: 1 of 2 needed" }).waitFor();
		await waiting.getByText("on stable").waitFor();
		const [saved] = await Promise.all([
			page.waitForEvent("download"),
			waiting.getByRole("link", { name: `Save ${name}` }).click(),
		]);
		expect(saved.suggestedFilename() === name, `it is saved as ${saved.suggestedFilename()}`);
		await saved.saveAs(saveTo);
		return opened;
	}

	/** The last signature: it is published, and says who signed. Then another one is sent that waits. */
	async function publish(browser, platform, file, version, next, nextName) {
		const opened = await openReview(browser, platform);
		const { page } = opened;
		await sendFile(page, file);
		const role = page.locator(`li[data-role="${platform}"]`);
		await role.getByText(`version ${version}`).waitFor();
		await role.getByText("2 of 2 needed signed").waitFor();
		expect((await page.getByRole("heading", { name: /\.json$/ }).count()) === 0, "something still waits");
		await sendFile(page, next);
		await panel(page, `${platform}: ${nextName}`).getByText("1 signature missing").waitFor();
		return opened;
	}

	/** What the page of `name` shows, and what the server says to a request that the page does not make. */
	async function outsider(browser, platform, file, name, password) {
		const opened = await openPage(browser, { ignoreHTTPSErrors: true, expected: [/401/, /403/] });
		const { page } = opened;
		await page.goto(url("/"));
		await page.getByLabel("Name", { exact: true }).fill(name);
		await page.getByLabel("Password", { exact: true }).fill(password);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { name: "Overview" }).waitFor();
		await page.goto(url(`/review?platform=${platform}`));
		await panel(page, `${platform}: ${file}`).getByText("1 signature missing").waitFor();
		await page.getByText("Its managers sign and send").waitFor();
		for (const button of [/^Delete/, /^Send/])
			expect((await page.getByRole("button", { name: button }).count()) === 0, `${name} sees ${button}`);
		expect((await page.getByRole("switch").count()) === 0, `${name} sees the switch`);
		const answers = await page.evaluate(async (base) => {
			const session = await (await fetch("/api/v1/session")).json();
			const { pending } = await (await fetch(base)).json();
			const headers = { "X-CSRF-Token": session.csrf_token, "Content-Type": "application/json" };
			const deleted = await fetch(`${base}/pending/${pending[0].id}`, { method: "DELETE", headers });
			const body = JSON.stringify({ public_targets: true });
			const opened = await fetch(base, { method: "PATCH", headers, body });
			return [deleted.status, opened.status];
		}, `/api/v1/platforms/${platform}/tuf`);
		expect(answers.join() === "403,403", `${name} is answered ${answers}`);
		return opened;
	}

	/** Deletes what waits by typing its name, then makes the listed files public. */
	async function drop(browser, platform, file) {
		const opened = await openReview(browser, platform);
		const { page } = opened;
		await page.getByRole("button", { name: `Delete ${file} of ${platform}` }).click();
		const dialog = page.getByRole("dialog");
		const sure = dialog.getByRole("button", { name: `Delete ${file}` });
		expect((await sure.getAttribute("aria-disabled")) === "true", "its name was not typed yet");
		await dialog.getByLabel(`Type ${file} to confirm`).fill(file);
		await sure.click();
		await dialog.waitFor({ state: "detached" });
		await panel(page, `${platform}: ${file}`).waitFor({ state: "detached" });
		await page.getByRole("switch", { name: "Listed files are public" }).click();
		await dialog.getByRole("button", { name: "Make them public" }).click();
		await page.locator("[role=switch][aria-checked=true]").waitFor();
		return opened;
	}

	return { send, publish, outsider, drop };
}
