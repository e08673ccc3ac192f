// Links, both logs, sessions and statistics: every job of these pages, without a mouse where it says so.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isLive, tabTo, until, useDesk } from "../desk.mjs";

const desk = useDesk();

const world = () => desk.mock.world;
const dialog = (page) => page.getByRole("dialog");

async function downloaded(page, act) {
	const [file] = await Promise.all([page.waitForEvent("download"), act()]);
	return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

const rows = (page) => page.locator("tr[data-row]");

test("by keyboard: make a link for one file, copy its address while it is shown, revoke it", async () => {
	const page = await desk.start("/links");
	await page
		.getByRole("row", { name: /firmware.signed.bin.*Active/ })
		.first()
		.waitFor();
	await tabTo(page, /New link/);
	await page.keyboard.press("Enter");
	const file = dialog(page).getByLabel("File", { exact: true });
	await file.waitFor();
	await dialog(page).getByLabel("Platform").selectOption("esp32-sensor");
	await dialog(page).getByLabel("Release").selectOption("1.8.0");
	await file.selectOption("sensor-esp32.ota.bin");
	await dialog(page).getByLabel("Ends").selectOption("86400");
	await dialog(page).getByLabel("Enough for the file").selectOption("20");
	await tabTo(page, /Make link/);
	await page.keyboard.press("Enter");
	const address = await page.locator(".secret code").textContent();
	assert.match(address, /\/d\/[0-9a-f]{43}\/sensor-esp32\.ota\.bin$/);
	const [made] = world().links;
	assert.equal(made.byte_budget, 20 * 29 * 1024);
	assert.equal(Date.parse(made.expires_at) - Date.parse(made.created_at), 86_400_000);
	await page.keyboard.press("Escape");
	assert.ok(await page.locator(".secret").isVisible(), "Escape must not lose the address");
	await tabTo(page, /I have copied it/);
	await page.keyboard.press("Enter");
	assert.ok(!(await page.content()).includes(address));
	await page.getByRole("row", { name: /sensor-esp32\.ota\.bin.*Active/ }).waitFor();
	await tabTo(page, /Revoke the link to sensor-esp32\.ota\.bin/);
	await page.keyboard.press("Enter");
	await dialog(page).getByText("gets nothing from now on").waitFor();
	await tabTo(page, /^\s*Revoke link/);
	await page.keyboard.press("Enter");
	await page.getByRole("row", { name: /sensor-esp32\.ota\.bin.*Revoked/ }).waitFor();
	assert.equal(made.state, "revoked");
});

test("a link from the release's page; a budget that the server refuses stands at its field", async () => {
	const page = await desk.start("/releases/mps2-an386/1.1.0", { expected: [/422/] });
	await page.getByRole("button", { name: "Make a download link to firmware.signed.bin" }).click();
	await dialog(page).getByText("of mps2-an386 1.1.0").waitFor();
	const file = world()
		.releases.find((r) => r.platform === "mps2-an386" && r.version === "1.1.0")
		.artifacts.find((a) => a.name === "firmware.signed.bin");
	const size = file.size;
	file.size = 10 * size;
	await dialog(page).getByLabel("Enough for the file").selectOption("1");
	await dialog(page).getByRole("button", { name: "Make link" }).click();
	await dialog(page)
		.getByText(`The file has ${10 * size} bytes`)
		.waitFor();
	file.size = size;
	await dialog(page).getByRole("button", { name: "Make link" }).click();
	await page.locator(".secret code").waitFor();
});

test("links are narrowed by platform and state, in the address", async () => {
	const page = await desk.start("/links");
	await rows(page).first().waitFor();
	await page.getByLabel("State", { exact: true }).selectOption("used-up");
	await page.waitForURL(/state=used-up/);
	await until("one link", async () => (await rows(page).count()) === 1);
	await page.reload();
	await page.getByText("Used up").nth(1).waitFor();
	await page.getByRole("button", { name: "Clear" }).click();
	await until("all links", async () => (await rows(page).count()) === world().links.length);
});

test("the download log: filters, reload and back, further pages, CSV and JSON of what matches", async () => {
	const page = await desk.start("/downloads");
	await rows(page).first().waitFor();
	assert.equal(await rows(page).count(), 100);
	await page.getByRole("button", { name: "Show more" }).click();
	await until("all rows", async () => (await page.getByRole("table").getAttribute("aria-rowcount")) === "131");
	await page.getByLabel("Way").selectOption("esp");
	await page.getByLabel("Who").fill("key:workshop");
	await page.waitForURL(/user=key/);
	const matching = world().downloads.filter((d) => d.via === "esp" && d.who === "key:workshop");
	await until("those by the ESP door", async () => (await rows(page).count()) === matching.length);
	await page.reload();
	await until("the same again", async () => (await rows(page).count()) === matching.length);
	assert.equal(await page.getByLabel("Who").inputValue(), "key:workshop");

	const csv = await downloaded(page, () => page.getByRole("link", { name: "CSV" }).click());
	assert.equal(csv.name, "downloads.csv");
	assert.equal(csv.text.trim().split("\r\n").length, matching.length + 1);
	assert.ok(csv.text.startsWith("id,at,via,who,"));
	const jsonl = await downloaded(page, () => page.getByRole("link", { name: "JSON" }).click());
	assert.deepEqual(
		jsonl.text
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line).id),
		matching.map((d) => d.id),
	);
});

test("days of a filter are whole days of this place", async () => {
	const page = await desk.start("/downloads", { timezoneId: "Asia/Tokyo" });
	await rows(page).first().waitFor();
	const asked = page.waitForRequest(/\/api\/v1\/downloads\?.*to=/);
	await page.getByLabel("From", { exact: true }).fill("2026-11-19");
	await page.getByLabel("To", { exact: true }).fill("2026-11-20");
	const query = new URL((await asked).url()).searchParams;
	assert.equal(query.get("from"), "2026-11-18T15:00:00Z");
	assert.equal(query.get("to"), "2026-11-20T14:59:59Z");
	await page.waitForURL(/from=2026-11-19&to=2026-11-20/);
});

test("by keyboard: an audit entry opens, its difference can be read, and leads to its platform", async () => {
	const page = await desk.start("/audit");
	await page.getByText("release.promote").first().waitFor();
	await tabTo(page, /release\.promote/);
	await page.keyboard.press("Enter");
	const changes = page.locator("details[open] .changes");
	await changes.waitFor();
	assert.equal(await changes.locator("del").textContent(), "beta");
	assert.equal(await changes.locator("ins").textContent(), "stable");
	await tabTo(page, /^\s*mps2-an386$/);
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "mps2-an386" }).first().waitFor();
});

test("the audit log is narrowed by who, what and when; a list's difference is what came and went", async () => {
	const page = await desk.start("/audit");
	await page.locator(".entries > li").first().waitFor();
	await page.getByLabel("Action").fill("role.change");
	await page.waitForURL(/action=role.change/);
	const matching = world().audit.filter((e) => e.action === "role.change").length;
	await until("only these", async () => (await page.locator(".entries > li").count()) === matching);
	await page.locator(".entries summary").first().click();
	const changes = page.locator("details[open] .changes");
	await changes.getByText("grants.0.permissions").waitFor();
	assert.equal(await changes.locator("ins").textContent(), "device.write");
	assert.equal(await changes.locator("del").count(), 0);
	await page.goto(`${desk.mock.url}/audit?actor=nobody`);
	await page.getByText("No entry matches").waitFor();
	await page.getByRole("link", { name: "Show all entries" }).click();
	await page.locator(".entries > li").first().waitFor();
});

test("the audit log's head is shown to be kept elsewhere, and a range of it is saved, oldest first", async () => {
	const page = await desk.start("/audit", { permissions: ["clipboard-read", "clipboard-write"] });
	const [newest] = world().audit;
	await page.getByText(`Entry ${newest.seq}`).waitFor();
	await page.getByRole("button", { name: "Copy the log's head" }).click();
	await until("the hash is on the clipboard", async () => {
		return (await page.evaluate(() => navigator.clipboard.readText())) === `${newest.seq}:${newest.hash}`;
	});
	await page.getByRole("button", { name: "Export" }).click();
	await dialog(page).getByLabel("From entry").fill("12");
	await dialog(page).getByLabel("To entry").fill("3");
	await dialog(page).getByText("Not below the first").waitFor();
	await dialog(page).getByLabel("To entry").fill("40");
	const { name, text } = await downloaded(page, () => dialog(page).getByRole("link", { name: "Save" }).click());
	assert.equal(name, "audit.jsonl");
	const entries = text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual([entries[0].seq, entries.at(-1).seq, entries.length], [12, 40, 29]);
	for (const [i, e] of entries.entries()) if (i > 0) assert.equal(e.prev_hash, entries[i - 1].hash);
});

test("sessions: filters in the address, how long they took and why they failed, as files too; live", async () => {
	const page = await desk.start("/updates");
	await isLive(page);
	const table = page.getByRole("table", { name: "Update sessions" });
	await table.locator("tr[data-row]").first().waitFor();
	await page.getByLabel("State", { exact: true }).selectOption("failed");
	await page.waitForURL(/state=failed/);
	const failed = world().updates.filter((u) => u.state === "failed");
	await until("only the failed ones", async () => (await table.locator("tr[data-row]").count()) === failed.length);
	await table.getByText("reverted-not-confirmed").first().waitFor();
	await table
		.getByText(/^\d+ min( \d+ s)?$/)
		.first()
		.waitFor();
	const { name, text } = await downloaded(page, () => page.getByRole("link", { name: "CSV" }).click());
	assert.equal(name, "updates.csv");
	assert.equal(text.trim().split("\r\n").length, failed.length + 1);
	await page.getByRole("button", { name: "Clear" }).click();
	const moving = world().updates.find((u) => u.state === "downloading");
	const row = table.locator(`tr[data-row="${moving.id}"]`);
	await row.getByText("Downloading").waitFor();
	await until("it to end in place", async () => {
		desk.mock.tick();
		return (await row.getByText("Succeeded").count()) === 1;
	});
});

test("statistics: numbers of the server, a chart with its table, a platform and a time in the address", async () => {
	const page = await desk.start("/");
	const tiles = page.locator(".tiles");
	await tiles.waitFor();
	const asked = page.waitForResponse(/\/statistics\?platform=esp8266/);
	await page.getByRole("combobox", { name: "Platform", exact: true }).selectOption("esp8266");
	const told = await (await asked).json();
	await page.waitForURL(/platform=esp8266/);
	await tiles.getByText(`${told.succeeded} of ${told.succeeded + told.failed} that ended`).waitFor();
	await page.getByRole("radio", { name: "7 d" }).check({ force: true });
	await page.waitForURL(/days=7/);
	await page.getByText("Show as a table").click();
	const table = page.locator(".chart-rows table");
	await until("a row for each of seven days", async () => (await table.locator("tbody tr").count()) === 7);
	const response = await page.request.get(
		`${desk.mock.url}/api/v1/statistics?platform=esp8266&from=${await table.locator("tbody th").first().textContent()}T00:00:00Z`,
	);
	const { days } = await response.json();
	for (const day of days) {
		const cells = await table.getByRole("row", { name: day.day }).locator("td").allTextContents();
		assert.deepEqual(cells.map(Number), [day.succeeded, day.failed], day.day);
	}
	await page.getByRole("table", { name: "Updates by platform and release" }).getByText("esp8266").first().waitFor();
	await page.getByRole("link", { name: "Which ones, and why" }).click();
	await page.waitForURL(/\/updates\?platform=esp8266&state=failed/);
});
