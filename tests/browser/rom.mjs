// An ESP behind a fake serial port: as much of the ROM loader's and the stub's protocol (SLIP frames, commands, XOR sums) as
// esptool-js needs to connect, load its stub, write and compare. The port lives in the page, the flash lives here.

import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";

const FLASH_BYTES = 4 * 1024 * 1024;

export const CHIPS = {
	"ESP32-C3": { id: 5, registers: { 1610647636: 0x12345678 } },
	"ESP32-S3": { id: 9, registers: {} },
	/** No GET_SECURITY_INFO: it is known by the magic register. */
	ESP8266: { id: null, registers: { 1073745920: 0xfff0c101 } },
};

/**
 * Puts a board on the page's only port. `deaf`: it never answers. `taken`: the port does not open. `forgets`: its flash
 * keeps other bytes than it was sent. Call before the page that uses it is loaded.
 */
export async function plugIn(page, chip, { deaf = false, taken = false, forgets = false } = {}) {
	const board = {
		flash: Buffer.alloc(FLASH_BYTES, 0x5a),
		erased: 0,
		writes: [],
		bauds: [],
		resets: 0,
		open: 0,
		stubBytes: 0,
	};
	const jobs = {
		erase: () => {
			board.erased++;
			board.flash.fill(0xff);
		},
		write: ({ offset, size, data }) => {
			const bytes = inflateSync(Buffer.from(data, "base64"));
			if (bytes.length !== size) throw new Error(`${bytes.length} bytes inflated, ${size} announced`);
			bytes.copy(board.flash, offset);
			if (forgets) board.flash[offset] ^= 1;
			board.writes.push({ offset, size });
		},
		md5: ({ offset, size }) =>
			createHash("md5")
				.update(board.flash.subarray(offset, offset + size))
				.digest("hex"),
		baud: ({ baud }) => {
			board.open++;
			board.bauds.push(baud);
		},
		closed: () => {
			board.open--;
		},
		reset: () => {
			board.resets++;
		},
		stub: ({ size }) => {
			board.stubBytes += size;
		},
	};
	await page.exposeFunction("__board", (job, told) => jobs[job](told) ?? null);
	await page.addInitScript(fakeSerial, { ...CHIPS[chip], deaf, taken });
	return board;
}

/** Runs in the page. */
function fakeSerial({ id, registers, deaf, taken }) {
	const END = 0xc0;
	const ESC = 0xdb;
	const le32 = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
	const words = (...list) => list.flatMap((n) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >>> 24) & 255]);
	const base64 = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
	const tell = (job, told = {}) => window.__board(job, told);

	let toPage = null;
	let inFrame = null;
	let escaped = false;
	let stub = false;
	let writing = null;
	let lines = { dataTerminalReady: false, requestToSend: false };

	function send(bytes) {
		const out = [END];
		for (const b of bytes) {
			if (b === END) out.push(ESC, 0xdc);
			else if (b === ESC) out.push(ESC, 0xdd);
			else out.push(b);
		}
		out.push(END);
		toPage?.enqueue(new Uint8Array(out));
	}

	function answer(op, value = 0, data = [], status = [0, 0]) {
		const body = [...data, ...status];
		send([1, op, body.length & 255, body.length >> 8, ...words(value), ...body]);
	}

	/** The XOR sum over a data block, as the loader checks it before it takes the block. */
	const sumOf = (bytes) => bytes.reduce((sum, b) => sum ^ b, 0xef);

	function takeBlock(op, body, sum, take) {
		const data = body.subarray(16, 16 + le32(body, 0));
		if (sumOf(data) !== sum) return answer(op, 0, [], [1, 7]);
		take(data);
		return answer(op);
	}

	async function command(op, sum, body) {
		switch (op) {
			case 0x08: // sync: the ROM answers eight times, and with something other than zero
				for (let i = 0; i < 8; i++) answer(op, 0x20120707);
				return;
			case 0x14:
				if (id === null) {
					for (let i = 0; i < 8; i++) answer(0, 0, [], [1, 5]);
					return;
				}
				return answer(op, 0, [...words(0), 0, 0, 0, 0, 0, 0, 0, 0, ...words(id), ...words(0)]);
			case 0x0a:
				return answer(op, registers[le32(body, 0)] ?? 0);
			case 0x07:
				return takeBlock(op, body, sum, (data) => tell("stub", { size: data.length }));
			case 0x06:
				stub = true;
				answer(op);
				return send(Array.from("OHAI", (c) => c.charCodeAt(0)));
			case 0xd0:
				await tell("erase");
				return answer(op);
			case 0x10:
				writing = { size: le32(body, 0), offset: le32(body, 12), next: 0, parts: [] };
				return answer(op);
			case 0x11: {
				if (le32(body, 4) !== writing.next) return answer(op, 0, [], [1, 6]);
				return takeBlock(op, body, sum, (data) => {
					writing.next++;
					writing.parts.push(...data);
				});
			}
			case 0x12: {
				const { offset, size, parts } = writing;
				await tell("write", { offset, size, data: base64(parts) });
				writing = null;
				return answer(op);
			}
			case 0x13: {
				const hex = await tell("md5", { offset: le32(body, 0), size: le32(body, 4) });
				const bytes = hex.match(/../g).map((h) => Number.parseInt(h, 16));
				return answer(op, 0, stub ? bytes : Array.from(hex, (c) => c.charCodeAt(0)));
			}
			default: // registers, memory, SPI, speed: done
				return answer(op);
		}
	}

	async function take(byte) {
		if (byte === END) {
			const frame = inFrame;
			inFrame = frame === null || frame.length === 0 ? [] : null;
			if (frame !== null && frame.length >= 8 && frame[0] === 0 && !deaf) {
				const bytes = new Uint8Array(frame);
				await command(bytes[1], bytes[4], bytes.subarray(8));
			}
		} else if (inFrame !== null) {
			if (escaped) inFrame.push(byte === 0xdc ? END : ESC);
			else if (byte !== ESC) inFrame.push(byte);
			escaped = !escaped && byte === ESC;
		}
	}

	class Port {
		readable = null;
		writable = null;

		getInfo() {
			return { usbVendorId: 0x10c4, usbProductId: 0xea60 };
		}

		async open({ baudRate }) {
			if (taken) throw new DOMException("Failed to open serial port.", "NetworkError");
			await tell("baud", { baud: baudRate });
			this.readable = new ReadableStream({
				start: (controller) => {
					toPage = controller;
				},
				cancel: () => {
					toPage = null;
				},
			});
			this.writable = new WritableStream({
				write: async (chunk) => {
					for (const byte of chunk) await take(byte);
				},
			});
		}

		async setSignals(signals) {
			const before = lines;
			lines = { ...lines, ...signals };
			const pulled = lines.requestToSend && !lines.dataTerminalReady;
			if (pulled && !(before.requestToSend && !before.dataTerminalReady)) {
				await tell("reset");
				stub = false;
			}
		}

		async close() {
			this.readable = null;
			this.writable = null;
			await tell("closed");
		}
	}

	const port = new Port();
	Object.defineProperty(navigator, "serial", {
		value: {
			requestPort: async () => {
				if (!navigator.userActivation.isActive)
					throw new DOMException("Must be handling a user gesture", "SecurityError");
				return port;
			},
		},
	});
}
