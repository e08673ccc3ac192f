// What all pages share: the menu, and the policy that the mock serves them under.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CSP } from "../../../web/mock/server.mjs";
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

test("the mock's policy is otad's", () => {
	const source = readFileSync(new URL("../../../otad/http/web.c", import.meta.url), "utf8");
	const literals = /#define CSP((?:.*\\\n)*.*)/.exec(source)?.[1]?.match(/"[^"]*"/g) ?? [];
	assert.equal(literals.map((l) => l.slice(1, -1)).join(""), CSP);
});
