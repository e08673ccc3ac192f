import { fromBase64, hex } from "./bytes.ts";

/** One line of SHA256SUMS, BSD style (SPEC 5.1). */
export interface SumsEntry {
	name: string;
	sha256: string;
}

/** What a minisign file says about itself. Nothing here is verified: otad does that. */
export interface MinisigFacts {
	key_number: string;
	platform: string | null;
	version: string | null;
	counter: number | null;
}

const LINE = /^SHA256 \(([A-Za-z0-9][A-Za-z0-9._-]{0,62})\) = ([0-9a-f]{64})$/;

/** The entries, or null when any line is not of the form `SHA256 (name) = hex`. */
export function parseSums(text: string): SumsEntry[] | null {
	const lines = text.split("\n");
	if (lines.pop() !== "" || lines.length === 0) return null;
	const entries: SumsEntry[] = [];
	for (const line of lines) {
		const match = LINE.exec(line);
		if (!match?.[1] || !match[2]) return null;
		entries.push({ name: match[1], sha256: match[2] });
	}
	return entries;
}

/** Key number and trusted comment of a minisign signature file, or null when it is not one. */
export function parseMinisig(text: string): MinisigFacts | null {
	const [, signature, comment] = text.split(/\r?\n/);
	const raw = fromBase64(signature ?? "");
	const prefix = "trusted comment: ";
	if (raw?.length !== 74 || !comment?.startsWith(prefix)) return null;
	const words = new Map(
		comment
			.slice(prefix.length)
			.split(" ")
			.map((w): [string, string] => {
				const at = w.indexOf("=");
				return [w.slice(0, Math.max(0, at)), w.slice(at + 1)];
			}),
	);
	const counter = words.get("counter");
	return {
		key_number: hex(raw.slice(2, 10)),
		platform: words.get("platform") ?? null,
		version: words.get("version") ?? null,
		counter: counter && /^\d+$/.test(counter) ? Number(counter) : null,
	};
}
