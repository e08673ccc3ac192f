// Devices whose trust has run out: marked, found, counted, explained with the next step; and live.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isLive, tabTo, until, useDesk } from "../desk.mjs";

const desk = useDesk();

const stale = (why) => desk.mock.world.devices.find((d) => d.stale?.why === why);
const allStale = () => desk.mock.world.devices.filter((d) => d.stale !== null);

test("from the overview's count to the list of those that are stale, and back by the address", async () => {
	const page = await desk.start("/");
	const n = allStale().length;
	assert.ok(n > 1);
	await page.getByText(`${n} devices are stale and take no update`).waitFor();
	await page.getByRole("link", { name: `${n} stale` }).waitFor();
	await page.getByRole("link", { name: `${n} devices` }).click();
	await page.waitForURL(/\/devices\?stale=true$/);
	await until("all of them", async () => (await page.locator("tr[data-row]").count()) === n);
	assert.equal(await page.locator("tr[data-row]").getByText("Stale", { exact: true }).count(), n);
	await page.getByLabel("Staleness").selectOption("false");
	await page.waitForURL(/stale=false/);
	await page.getByLabel("Search id, name, address").fill(stale("not-followed").id);
	await page.getByText("No device matches").waitFor();
	await page.reload();
	await page.getByText("No device matches").waitFor();
	assert.equal(await page.getByLabel("Search id, name, address").inputValue(), stale("not-followed").id);
});

test("each reason in words, with what to do", async () => {
	const page = await desk.start(`/devices/${stale("metadata-expired").id}`);
	const notice = page.getByRole("status").filter({ hasText: "Stale: " });
	await notice.getByText("targets of mps2-an386 expired 2 d ago").waitFor();
	await notice.getByText("signer repo renew -d REPOSITORY targets").waitFor();
	await tabTo(page, /^\s*Review$/);
	await tabTo(page, /^\s*Review$/);
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/review\?platform=mps2-an386$/);
	await page.goto(`${desk.mock.url}/devices/${stale("not-followed").id}`);
	await notice.getByText("does not follow what is published").waitFor();
	await notice.getByText("tuf-", { exact: true }).waitFor();
	await page.goto(`${desk.mock.url}/devices/${stale("no-repository").id}`);
	await notice.getByText("signer repo init -d REPOSITORY --platform mps2-an386").waitFor();
});

test("a device that recovers loses its mark without a reload", async () => {
	const device = stale("metadata-expired");
	const page = await desk.start(`/devices/${device.id}`);
	await isLive(page);
	const mark = page.locator(".page-line").getByText("Stale", { exact: true });
	await mark.waitFor();
	device.stale = null;
	const { attributes, update, ...brief } = device;
	desk.mock.emit("device", { ...brief, update: null, last_update: null });
	await mark.waitFor({ state: "detached" });
	assert.equal(await page.getByText("Stale: ").count(), 0);
});

test("rows with a mark are as high as the others: a long list keeps its height", async () => {
	const page = await desk.start("/devices?platform=mps2-an386");
	await page.locator("tr[data-row]").getByText("Stale", { exact: true }).first().waitFor();
	const heights = await page.locator("tr[data-row]").evaluateAll((rows) => rows.map((r) => r.offsetHeight));
	assert.equal(new Set(heights).size, 1, `${[...new Set(heights)]}`);
});
