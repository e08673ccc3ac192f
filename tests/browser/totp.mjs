// An authenticator app: RFC 6238 with SHA-1, six digits and 30 s, as otad asks for.

import { createHmac } from "node:crypto";

const STEP_S = 30;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function fromBase32(text) {
	let bits = 0n;
	for (const c of text) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(c));
	const bytes = Math.floor((text.length * 5) / 8);
	bits >>= BigInt(text.length * 5 - bytes * 8);
	return Buffer.from(bits.toString(16).padStart(bytes * 2, "0"), "hex");
}

export class Authenticator {
	#key;
	#used = 0;

	/** `uri` as in the QR code. */
	constructor(uri) {
		const secret = new URL(uri).searchParams.get("secret");
		if (!/^[A-Z2-7]+$/.test(secret ?? "")) throw new Error(`no secret in ${uri}`);
		this.#key = fromBase32(secret);
	}

	/** A code that counts now: never the same twice, since otad takes each step once, and one step early. */
	code() {
		this.#used = Math.max(Math.floor(Date.now() / 1000 / STEP_S), this.#used + 1);
		const counter = Buffer.alloc(8);
		counter.writeBigUInt64BE(BigInt(this.#used));
		const mac = createHmac("sha1", this.#key).update(counter).digest();
		const number = (mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000;
		return String(number).padStart(6, "0");
	}
}
