/** One member that differs between two states of something; null where there was or is none. */
export interface Difference {
	/** "state", "grants.0.permissions". */
	path: string;
	before: string | null;
	after: string | null;
}

type Json = unknown;

function isObject(value: Json): value is Record<string, Json> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFlat(value: Json): boolean {
	return typeof value !== "object" || value === null;
}

/** Words for a value: a text as it is, lists of words with commas, everything else as JSON. */
function words(value: Json): string {
	if (typeof value === "string") return value === "" ? "(empty)" : value;
	if (value === null) return "(none)";
	if (Array.isArray(value) && value.every(isFlat)) return value.length === 0 ? "(none)" : value.map(words).join(", ");
	return JSON.stringify(value);
}

function join(path: string, key: string | number): string {
	return path === "" ? String(key) : `${path}.${key}`;
}

/** Lists of plain values: what left and what came, never the whole lists again. */
function listDifference(before: Json[], after: Json[], path: string): Difference[] {
	const has = (list: Json[], value: Json) => list.some((v) => v === value);
	const gone = before.filter((v) => !has(after, v));
	const come = after.filter((v) => !has(before, v));
	if (gone.length === 0 && come.length === 0) {
		return before.join("\n") === after.join("\n") ? [] : [{ path, before: words(before), after: words(after) }];
	}
	return [{ path, before: gone.length > 0 ? words(gone) : null, after: come.length > 0 ? words(come) : null }];
}

function between(before: Json, after: Json, path: string): Difference[] {
	if (isObject(before) && isObject(after)) return differences(before, after, path);
	if (Array.isArray(before) && Array.isArray(after)) {
		if (before.every(isFlat) && after.every(isFlat)) return listDifference(before, after, path);
		const entries = (list: Json[]) => Object.fromEntries(list.map((v, i) => [String(i), v]));
		return differences(entries(before), entries(after), path);
	}
	return before === after ? [] : [{ path, before: words(before), after: words(after) }];
}

/** What changed, member by member, in the order of the members; nothing for what stayed. */
export function differences(
	before: Record<string, Json> | null,
	after: Record<string, Json> | null,
	path = "",
): Difference[] {
	const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
	return keys.flatMap((key) => {
		const was = before?.[key];
		const is = after?.[key];
		const here = join(path, key);
		if (was === undefined) return [{ path: here, before: null, after: words(is) }];
		if (is === undefined) return [{ path: here, before: words(was), after: null }];
		return between(was, is, here);
	});
}
