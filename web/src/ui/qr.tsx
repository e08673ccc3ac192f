import encodeQR from "qr";

/** Light modules around the code that readers want. */
const QUIET = 4;

/** The dark modules as one path of horizontal runs. */
export function qrPath(text: string): { path: string; size: number } {
	const rows = encodeQR(text, "raw", { ecc: "medium", border: QUIET });
	const runs: string[] = [];
	for (const [y, row] of rows.entries()) {
		for (let x = 0; x < row.length; x++) {
			if (!row[x]) continue;
			const start = x;
			while (row[x + 1]) x++;
			const length = x - start + 1;
			runs.push(`M${start} ${y}h${length}v1h-${length}z`);
		}
	}
	return { path: runs.join(""), size: rows.length };
}

/** A text as a QR code, drawn here: nothing leaves the page. */
export function QrCode({ text, label }: { text: string; label: string }) {
	const { path, size } = qrPath(text);
	return (
		<svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
			<rect width={size} height={size} fill="#fff" />
			<path d={path} fill="#000" />
		</svg>
	);
}
