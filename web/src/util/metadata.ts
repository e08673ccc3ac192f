/** What a new version of signed metadata changes, and how long a version lasts: pure. */

export type Sign = "added" | "removed" | "changed";

export interface Change {
	sign: Sign;
	/** "1.2.0/firmware.signed.bin on beta", "Key 1f2e3d4c for root". */
	text: string;
}

type Json = Record<string, unknown>;

const KEYID_SHOWN = 8;
const DAY_MS = 86_400_000;
/** A device walks the repository when less than this is left (docs/SPEC.md section 10.6). */
const NEAR_MS = 7 * DAY_MS;
/** Renewed by the server itself, long before their end. */
const RENEWED = ["snapshot", "timestamp"];

function object(value: unknown): Json {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): unknown[] {
	return Array.isArray(value) ? value : [];
}

export function shortKey(keyid: string): string {
	return keyid.slice(0, KEYID_SHOWN);
}

/** Channels belong to a listed file: "1.2.0/firmware.signed.bin on beta". */
function targetText(path: string, entry: unknown): string {
	const { channel } = object(object(entry).custom);
	return typeof channel === "string" && channel !== "" ? `${path} on ${channel}` : path;
}

function targetChanges(before: Json, after: Json): Change[] {
	const was = object(before.targets);
	const is = object(after.targets);
	return [...new Set([...Object.keys(is), ...Object.keys(was)])].flatMap((path): Change[] => {
		if (!(path in was)) return [{ sign: "added", text: targetText(path, is[path]) }];
		if (!(path in is)) return [{ sign: "removed", text: targetText(path, was[path]) }];
		if (JSON.stringify(was[path]) === JSON.stringify(is[path])) return [];
		return [{ sign: "changed", text: targetText(path, is[path]) }];
	});
}

/** Who may sign what: root's roles and the director, or the roles that targets delegate to. */
function signersOf(signed: Json): Map<string, Json> {
	const delegated = list(object(signed.delegations).roles).map(object);
	const roles = new Map(Object.entries(object(signed.roles)).map(([name, role]) => [name, object(role)]));
	if (signed["x-otad-director"] !== undefined) roles.set("director", object(signed["x-otad-director"]));
	for (const role of delegated) roles.set(String(role.name), role);
	return roles;
}

function signerChanges(before: Json, after: Json): Change[] {
	const was = signersOf(before);
	const is = signersOf(after);
	return [...new Set([...is.keys(), ...was.keys()])].flatMap((role): Change[] => {
		const [old, now] = [object(was.get(role)), object(is.get(role))];
		const [had, has] = [list(old.keyids), list(now.keyids)];
		const key = (id: unknown) => `Key ${shortKey(String(id))} for ${role}`;
		const changes: Change[] = [
			...has.filter((id) => !had.includes(id)).map((id) => ({ sign: "added" as const, text: key(id) })),
			...had.filter((id) => !has.includes(id)).map((id) => ({ sign: "removed" as const, text: key(id) })),
		];
		if (old.threshold !== now.threshold) {
			const from = old.threshold === undefined ? "" : `${old.threshold} to `;
			changes.push({ sign: "changed", text: `Signatures needed for ${role}: ${from}${now.threshold ?? "none"}` });
		}
		return changes;
	});
}

/** From the version that stands (null: none does) to the one that waits; expiry and version alone are no change. */
export function changesBetween(before: Json | null, after: Json): Change[] {
	return [...targetChanges(before ?? {}, after), ...signerChanges(before ?? {}, after)];
}

export type Lasting = "past" | "near" | "good";

export function lasting(role: string, expires: string, now_ms: number): Lasting {
	const left = Date.parse(expires) - now_ms;
	if (left <= 0) return "past";
	return left <= NEAR_MS && !RENEWED.includes(role) ? "near" : "good";
}

/** Who may sign a role, how many of them must, and who has. */
export interface Signers {
	threshold: number;
	keys: string[];
	signed_by: string[];
}

interface Signed {
	signatures: { keyid: string }[];
	signed: Json;
}

/**
 * The signers of each role that people sign, from the files that stand: root names its own and those of targets, targets
 * those of the platform. A role whose file or whose namer is not there is left out.
 */
export function signersByRole(files: ReadonlyMap<string, Signed>): Map<string, Signers> {
	const named = new Map([
		...signersOf(files.get("targets")?.signed ?? {}),
		...signersOf(files.get("root")?.signed ?? {}),
	]);
	const out = new Map<string, Signers>();
	for (const [role, file] of files) {
		const by = named.get(role);
		if (by === undefined) continue;
		const keys = list(by.keyids).map(String);
		const signed_by = keys.filter((id) => file.signatures.some((s) => s.keyid === id));
		out.set(role, { threshold: Number(by.threshold), keys, signed_by });
	}
	return out;
}

/** The name under which otad takes a file, by what the file says of itself: "2.targets.json"; "" for anything else. */
export function fileNameOf(signed: unknown, platform: string): string {
	const { _type, version, delegations } = object(signed);
	if (typeof version !== "number") return "";
	if (_type === "root") return `${version}.root.json`;
	if (_type === "targets") return `${version}.${delegations === undefined ? platform : "targets"}.json`;
	return "";
}
