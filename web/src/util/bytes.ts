const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 -> "1.5 KiB". */
export function bytes(n: number): string {
	let value = n;
	let unit = 0;
	while (value >= 1024 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	const digits = unit === 0 || value >= 100 ? 0 : 1;
	return `${value.toFixed(digits).replace(/\.0$/, "")} ${UNITS[unit]}`;
}

export function hex(data: Uint8Array): string {
	return Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 as lower-case hex; needs a secure context, which otad always is. */
export async function sha256(data: ArrayBuffer): Promise<string> {
	return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
}

export function toBase64(data: ArrayBuffer): string {
	let text = "";
	for (const b of new Uint8Array(data)) text += String.fromCharCode(b);
	return btoa(text);
}

/** The bytes of a base64 text, or null when it is not base64. */
export function fromBase64(text: string): Uint8Array | null {
	try {
		return Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
	} catch {
		return null;
	}
}
