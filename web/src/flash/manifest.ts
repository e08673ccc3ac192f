import type { Artifact } from "../api/types.ts";

/** The manifest of SPEC 7.1, in the form that ESP Web Tools reads. */
export interface Manifest {
	name: string;
	version: string;
	builds: Build[];
}

export interface Build {
	chipFamily: string;
	parts: Part[];
}

export interface Part {
	/** Relative to the manifest's address. */
	path: string;
	offset: number;
	/** Of the file, in hex: what the chip itself computes over its flash. */
	md5?: string;
}

/** "ESP32-S3", "esp32s3" and "ESP32_S3" are one chip. */
function letters(chip: string): string {
	return chip.toUpperCase().replace(/[^A-Z0-9]/g, "");
}

export function buildFor(manifest: Manifest, chip: string): Build | undefined {
	return manifest.builds.find((b) => letters(b.chipFamily) === letters(chip));
}

/** The file's name in the release. */
export function fileName(part: Part): string {
	const last = part.path.split("?", 1)[0]?.split("/").at(-1) ?? "";
	try {
		return decodeURIComponent(last);
	} catch {
		return last;
	}
}

export function artifactOf(part: Part, artifacts: Artifact[]): Artifact | undefined {
	return artifacts.find((a) => a.name === fileName(part));
}

export function hexAddress(n: number): string {
	return `0x${n.toString(16)}`;
}

/** The same by hand, with Espressif's own program. */
export function writeCommand(build: Build): string {
	const parts = build.parts.map((p) => `${hexAddress(p.offset)} ${fileName(p)}`).join(" ");
	return `esptool --chip ${letters(build.chipFamily).toLowerCase()} write-flash ${parts}`;
}
