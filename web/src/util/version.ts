/** Order of versions (SPEC 2.3): numbers first, a pre-release before its release, build never compared. */
export function compareVersions(a: string, b: string): number {
	const [coreA, preA] = split(a);
	const [coreB, preB] = split(b);
	for (let i = 0; i < 3; i++) {
		const d = (coreA[i] ?? 0) - (coreB[i] ?? 0);
		if (d !== 0) return d;
	}
	if (preA === preB) return 0;
	if (preA === "") return 1;
	if (preB === "") return -1;
	return preA < preB ? -1 : 1;
}

function split(version: string): [number[], string] {
	const plain = version.split("+", 1)[0] ?? "";
	const dash = plain.indexOf("-");
	const core = dash < 0 ? plain : plain.slice(0, dash);
	return [core.split(".").map((n) => Number(n) || 0), dash < 0 ? "" : plain.slice(dash + 1)];
}
