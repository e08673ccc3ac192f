// What all pages share: the menu, and the policy that the mock serves them under.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CSP } from "../../../web/mock/server.mjs";
import { sidewaysScroll } from "../browser.mjs";
import { useDesk } from "../desk.mjs";
import { assertSound, LOOKS, settled } from "../sound.mjs";

const desk = useDesk();

test("the menu at 375 px opens, leads somewhere and closes by Escape", async () => {
	const page = await desk.start("/", LOOKS.phone);
	await settled(page);
	assert.equal(await page.getByRole("navigation").isVisible(), false);
	await page.getByRole("button", { name: "Menu" }).click();
	await page.getByRole("navigation").getByRole("link", { name: "Devices" }).waitFor();
	await assertSound(page, desk.open[0].troubles, "menu");
	await page.keyboard.press("Escape");
	await page.getByRole("navigation").waitFor({ state: "hidden" });
	await page.getByRole("button", { name: "Menu" }).click();
	await page.getByRole("navigation").getByRole("link", { name: "Keys" }).click();
	await page.getByRole("heading", { name: "Keys", exact: true }).waitFor();
	await page.getByRole("navigation").waitFor({ state: "hidden" });
});

test("names as long as they may be fit a phone", async () => {
	const { world } = desk.mock;
	const [platform] = world.platforms;
	const long = `${"board".repeat(12)}-1`;
	for (const owned of [world.releases, world.devices, world.updates])
		for (const x of owned) if (x.platform === platform.name) x.platform = long;
	for (const d of world.devices) d.name = "Boiler room of the northern hall, third floor, left of the door";
	platform.name = long;
	world.user.name = "maximiliane.von-und-zu-hohenlohe-langenburg@firmware.example.com";
	const [repository] = world.repositories;
	Object.assign(repository, { platform: long, metadata: `/tuf/DEFAULT/${long}/metadata/` });
	for (const w of repository.pending) w.submitted_by = `key:${"managers".repeat(7)}`;
	const page = await desk.start("/", LOOKS.phone);
	for (const path of ["/", "/devices", "/updates", "/releases", `/platforms/${long}`, `/review?platform=${long}`, "/links"]) {
		await page.goto(desk.mock.url + path);
		await settled(page);
		assert.ok((await sidewaysScroll(page)) <= 0, `${path} scrolls sideways`);
	}
});

test("the mock's policy is otad's", () => {
	const source = readFileSync(new URL("../../../otad/http/web.c", import.meta.url), "utf8");
	const literals = /#define CSP((?:.*\\\n)*.*)/.exec(source)?.[1]?.match(/"[^"]*"/g) ?? [];
	assert.equal(literals.map((l) => l.slice(1, -1)).join(""), CSP);
});
