const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
const RELATIVE_UP_TO_S = 30 * DAY_S;

/** Milliseconds of an RFC 3339 string, or NaN. */
export function instant(text: string): number {
	return Date.parse(text);
}

/** "3 d 4 h", "5 min 2 s", "12 s": the two largest units. */
export function duration(seconds: number): string {
	const s = Math.max(0, Math.round(seconds));
	const d = Math.floor(s / DAY_S);
	const h = Math.floor((s % DAY_S) / HOUR_S);
	const m = Math.floor((s % HOUR_S) / MINUTE_S);
	if (d > 0) return h > 0 ? `${d} d ${h} h` : `${d} d`;
	if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
	if (m > 0) return s % 60 > 0 ? `${m} min ${s % 60} s` : `${m} min`;
	return `${s} s`;
}

function largest(seconds: number): string {
	if (seconds < MINUTE_S) return `${Math.floor(seconds)} s`;
	if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`;
	if (seconds < DAY_S) return `${Math.floor(seconds / HOUR_S)} h`;
	return `${Math.floor(seconds / DAY_S)} d`;
}

/** How far an instant lies from now, in words; a plain date beyond 30 days. */
export function relative(at_ms: number, now_ms: number): string {
	const s = (now_ms - at_ms) / 1000;
	if (Number.isNaN(s)) return "–";
	if (Math.abs(s) < 5) return "just now";
	if (Math.abs(s) > RELATIVE_UP_TO_S) return isoDate(at_ms);
	return s > 0 ? `${largest(s)} ago` : `in ${largest(-s)}`;
}

function two(n: number): string {
	return String(n).padStart(2, "0");
}

export function isoDate(at_ms: number): string {
	const d = new Date(at_ms);
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** Local wall clock and UTC: "2026-11-20 11:04:09 (10:04:09 UTC)". */
export function absolute(at_ms: number): string {
	if (Number.isNaN(at_ms)) return "unknown";
	const d = new Date(at_ms);
	const local = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
	const utc = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
	const zone = local === utc ? " UTC" : ` (${utc} UTC)`;
	return `${isoDate(at_ms)} ${local}${zone}`;
}

/** "14:02" in local time. */
export function clock(at_ms: number): string {
	const d = new Date(at_ms);
	return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The first second of a local day "2026-11-20" as RFC 3339 in UTC; empty when it is no day. */
export function dayStart(day: string): string {
	const at = DAY.test(day) ? new Date(`${day}T00:00:00`) : null;
	return at === null || Number.isNaN(at.getTime()) ? "" : rfc3339(at);
}

/** Its last second: the end of a range that includes the day. */
export function dayEnd(day: string): string {
	const at = DAY.test(day) ? new Date(`${day}T23:59:59`) : null;
	return at === null || Number.isNaN(at.getTime()) ? "" : rfc3339(at);
}

function rfc3339(at: Date): string {
	return at.toISOString().replace(/\.\d+Z$/, "Z");
}
