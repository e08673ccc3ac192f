import { artifactPut, releasePut } from "../api/client.ts";
import { asProblem, type Problem } from "../api/problem.ts";
import { sha256 } from "../util/bytes.ts";
import { type MinisigFacts, parseMinisig, parseSums } from "../util/sums.ts";

/** A release on its way: what the dropped files are, whether they belong together, and how far each has got. */

export const SUMS_NAME = "SHA256SUMS";
export const MINISIG_NAME = "SHA256SUMS.minisig";

export type FileStep = "ready" | "wrong" | "sending" | "stored" | "refused";

export interface UploadFile {
	name: string;
	size: number;
	file: File;
	step: FileStep;
	sha256: string;
	sent: number;
	why: string;
}

export interface Dropped {
	sums: string | null;
	minisig: string | null;
	files: UploadFile[];
}

export const NOTHING: Dropped = { sums: null, minisig: null, files: [] };

/** Reads and hashes what was dropped; a file dropped again replaces the one of the same name. */
export async function addFiles(before: Dropped, files: File[]): Promise<Dropped> {
	const next: Dropped = { ...before, files: [...before.files] };
	for (const file of files) {
		if (file.name === SUMS_NAME) next.sums = await file.text();
		else if (file.name === MINISIG_NAME) next.minisig = await file.text();
		else {
			next.files = next.files.filter((f) => f.name !== file.name);
			const digest = await sha256(await file.arrayBuffer());
			next.files.push({
				name: file.name,
				size: file.size,
				file,
				step: "ready",
				sha256: digest,
				sent: 0,
				why: "",
			});
		}
	}
	return next;
}

export interface Verdict {
	facts: MinisigFacts | null;
	files: UploadFile[];
	/** Names that the sums list and nobody dropped. */
	missing: string[];
	/** What still stands in the way, or nothing. */
	obstacle: string;
}

function judge(file: UploadFile, expected: Map<string, string> | null): UploadFile {
	if (file.step !== "ready" || expected === null) return file;
	const digest = expected.get(file.name);
	if (digest === undefined) return { ...file, step: "wrong", why: "SHA256SUMS does not name it" };
	if (digest !== file.sha256)
		return {
			...file,
			step: "wrong",
			why: "its SHA-256 differs from SHA256SUMS",
		};
	return file;
}

/** Whether everything fits together, before a byte is sent. otad checks all of it again, and the signature. */
export function examine(dropped: Dropped): Verdict {
	const entries = dropped.sums === null ? null : parseSums(dropped.sums);
	const expected = entries === null ? null : new Map(entries.map((e) => [e.name, e.sha256]));
	const files = dropped.files.map((f) => judge(f, expected));
	const have = new Set(files.map((f) => f.name));
	const missing = (entries ?? []).map((e) => e.name).filter((name) => !have.has(name));
	const facts = dropped.minisig === null ? null : parseMinisig(dropped.minisig);
	return {
		facts,
		files,
		missing,
		obstacle: obstacle(dropped, {
			entries: entries !== null,
			facts,
			files,
			missing,
		}),
	};
}

interface Findings {
	entries: boolean;
	facts: MinisigFacts | null;
	files: UploadFile[];
	missing: string[];
}

function obstacle(dropped: Dropped, found: Findings): string {
	if (dropped.sums === null) return `${SUMS_NAME} is missing`;
	if (!found.entries) return `${SUMS_NAME} is not of the form "SHA256 (name) = hex"`;
	if (dropped.minisig === null) return `${MINISIG_NAME} is missing`;
	if (found.facts === null) return `${MINISIG_NAME} is not a minisign signature`;
	if (found.missing.length > 0)
		return `${found.missing.join(", ")} ${found.missing.length === 1 ? "is" : "are"} missing`;
	const wrong = found.files.find((f) => f.step === "wrong");
	return wrong ? `${wrong.name}: ${wrong.why}` : "";
}

export interface SendTarget {
	platform: string;
	version: string;
	notes: string;
}

type Report = (name: string, change: Partial<UploadFile>) => void;

/** Makes the release, then stores each file. Stops at the first refusal, which it throws after reporting it. */
export async function send(target: SendTarget, dropped: Dropped, report: Report): Promise<void> {
	const { platform, version, notes } = target;
	await releasePut(platform, version, {
		sums: dropped.sums ?? "",
		minisig: dropped.minisig ?? "",
		...(notes ? { notes } : {}),
	});
	for (const f of dropped.files) {
		report(f.name, { step: "sending", sent: 0, why: "" });
		try {
			await artifactPut(platform, version, f.name, f.file, (sent) => report(f.name, { sent }));
		} catch (error) {
			const problem: Problem = asProblem(error);
			report(f.name, { step: "refused", why: problem.detail || problem.title });
			throw problem;
		}
		report(f.name, { step: "stored", sent: f.size });
	}
}
