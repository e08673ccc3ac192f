/** The items with each change laid over the one of the same key; unknown keys are returned as strangers. */
export function patchBy<T>(
	items: readonly T[],
	changes: readonly T[],
	key: (item: T) => string | number,
): { items: T[]; strangers: T[] } {
	if (changes.length === 0) return { items: items as T[], strangers: [] };
	const latest = new Map(changes.map((c) => [key(c), c]));
	const patched = items.map((item) => {
		const change = latest.get(key(item));
		if (change === undefined) return item;
		latest.delete(key(item));
		return { ...item, ...change };
	});
	return { items: patched, strangers: [...latest.values()] };
}

/** Each item once by key; later ones win, the order is that of first sight. */
export function uniqueBy<T>(items: readonly T[], key: (item: T) => string | number): T[] {
	return [...new Map(items.map((item) => [key(item), item])).values()];
}

export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const item of items) {
		const k = key(item);
		const group = groups.get(k);
		if (group) group.push(item);
		else groups.set(k, [item]);
	}
	return groups;
}

/** "1 device", "3 devices". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
	return `${n} ${n === 1 ? noun : plural}`;
}

/** Runs at most `width` jobs at a time; results keep the order of the inputs. */
export async function mapPool<T, R>(items: readonly T[], width: number, job: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = new Array(items.length);
	let next = 0;
	async function worker(): Promise<void> {
		while (next < items.length) {
			const i = next++;
			results[i] = await job(items[i] as T);
		}
	}
	await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
	return results;
}
