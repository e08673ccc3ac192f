// Writing a board over USB: a fake board on a fake port says what reached its flash.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contentOf } from "../../../web/mock/records.mjs";
import { tabTo, useDesk } from "../desk.mjs";
import { plugIn } from "../rom.mjs";

const desk = useDesk();
const EXPECTED = { expected: [/404/] };

async function atFlash(path, chip, options) {
	const page = await desk.start("/keys", EXPECTED);
	const board = await plugIn(page, chip, options);
	await page.goto(desk.mock.url + path);
	await page.getByRole("heading", { name: "Flash", exact: true }).waitFor();
	return { page, board };
}

const release = (version) =>
	desk.mock.world.releases.find((r) => r.platform === "esp32-sensor" && r.version === version);
const fileOf = (version, name) => release(version).artifacts.find((a) => a.name === name);
const start = (page) => page.getByRole("button", { name: "Choose the port and write" });

test("by keyboard: the file for the board's chip is written to its place, compared, and the board restarted", async () => {
	const { page, board } = await atFlash("/flash?platform=esp32-sensor&channel=beta", "ESP32-C3");
	await page.getByText("sensor-esp32-c3.factory.bin").first().waitFor();
	await tabTo(page, /Choose the port and write/);
	await page.keyboard.press("Enter");
	await page.getByText("The board is written and runs again").waitFor();
	const { name, size } = fileOf("1.9.0", "sensor-esp32-c3.factory.bin");
	const sent = contentOf(name, size);
	const padded = size + ((4 - (size % 4)) % 4);
	assert.deepEqual(board.writes, [{ offset: 0, size: padded }]);
	assert.ok(board.flash.subarray(0, size).equals(sent), "the flash holds the file");
	assert.ok(
		board.flash.subarray(padded).every((b) => b === 0x5a),
		"and nothing else was touched",
	);
	assert.equal(board.erased, 0);
	assert.ok(board.stubBytes > 1000, "the stub was loaded");
	assert.deepEqual(board.bauds, [115_200, 460_800]);
	assert.ok(board.resets >= 2, "reset into the loader, and again at the end");
	assert.equal(board.open, 0, "the port is free again");
	await page.getByText("Compared: it holds the same").waitFor();
	await page.getByText("ESP32-C3 (QFN32)").first().waitFor();
});

test("the whole flash erased first, an ESP8266, the slowest speed", async () => {
	const { page, board } = await atFlash("/flash?platform=esp8266", "ESP8266");
	await page.getByLabel("Erase the whole flash first").check();
	await page.getByLabel("Speed").selectOption("115200");
	await start(page).click();
	await page.getByText("The board is written and runs again").waitFor();
	const image = desk.mock.world.releases
		.find((r) => r.platform === "esp8266" && r.version === "2.4.1")
		.artifacts.find((a) => a.name === "firmware.bin");
	assert.equal(board.erased, 1);
	assert.deepEqual(board.bauds, [115_200]);
	assert.ok(board.flash.subarray(0, image.size).equals(contentOf(image.name, image.size)));
	assert.equal(board.flash[image.size], 0xff);
});

test("a file for another chip is never written", async () => {
	const { page, board } = await atFlash("/flash?platform=esp32-sensor", "ESP32-S3");
	await start(page).click();
	await page.getByText("This board is an ESP32-S3").waitFor();
	await page.getByText("The release is made for ESP32, ESP32-C3. Nothing was written.").waitFor();
	assert.deepEqual([board.writes, board.erased, board.open], [[], 0, 0]);
});

test("a file that differs from the signed checksums is never written", async () => {
	const { page, board } = await atFlash("/flash?platform=esp32-sensor", "ESP32-C3");
	await page.route("**/api/esp/**/files/**", (route) => route.fulfill({ body: Buffer.alloc(4096, 1) }));
	await start(page).click();
	await page.getByText("sensor-esp32-c3.factory.bin is not the file of the release").waitFor();
	assert.deepEqual([board.writes, board.erased, board.open], [[], 0, 0]);
});

test("a flash that holds something else than it was sent is told", async () => {
	const { page, board } = await atFlash("/flash?platform=esp32-sensor", "ESP32-C3", { forgets: true });
	await start(page).click();
	await page.getByRole("alert").getByText("What the board holds differs from the file").waitFor();
	assert.equal(board.open, 0);
});

test("a port that another program holds is told, and can be tried again", async () => {
	const { page } = await atFlash("/flash?platform=esp32-sensor", "ESP32-C3", { taken: true });
	await start(page).click();
	await page.getByRole("alert").getByText("The port could not be opened").waitFor();
	await start(page).waitFor();
});

test("without Web Serial the page says so, and how to write by hand", async () => {
	const page = await desk.start("/keys", EXPECTED);
	await page.addInitScript(() => {
		delete Navigator.prototype.serial;
	});
	await page.goto(`${desk.mock.url}/flash?platform=esp32-sensor&channel=beta`);
	await page.getByText("This browser cannot reach a USB port").waitFor();
	const button = start(page);
	assert.equal(await button.getAttribute("aria-disabled"), "true");
	await page.getByText("esptool --chip esp32c3 write-flash 0x0 sensor-esp32-c3.factory.bin").waitFor();
	await page.getByRole("heading", { name: "Write esp32-sensor 1.9.0" }).waitFor();
});

test("a platform whose files tell no chip has nothing to write", async () => {
	const { page } = await atFlash("/flash?platform=mps2-an386", "ESP32-C3");
	await page.getByText("Nothing on stable can be written over USB").waitFor();
});
