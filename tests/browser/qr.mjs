// Reads a QR code from a picture, as a phone would.

import { createRequire } from "node:module";

const web = createRequire(new URL("../../web/package.json", import.meta.url));

/** The text in a PNG. A blank page turns the picture into pixels: it has no policy that forbids it. */
export async function readQr(browser, png) {
	const { default: decodeQR } = await import(web.resolve("qr/decode.js"));
	const context = await browser.newContext();
	const page = await context.newPage();
	const image = await page.evaluate(async (base64) => {
		const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
		const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
		const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
		canvas.drawImage(bitmap, 0, 0);
		const { data, width, height } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
		return { data: Array.from(data), width, height };
	}, png.toString("base64"));
	await context.close();
	return decodeQR({ ...image, data: Uint8Array.from(image.data) });
}
