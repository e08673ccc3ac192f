// tuf-js as a program, for tests.  One job a line on stdin, its answer on stdout as one line, in the same order:
//   {"dir", "root"?, "metadata", "targets"?, "names"?, "files"?, "headers"?, "limits"?}
//     dir: trusted metadata; root: file to begin with; metadata, targets: URLs; names: target paths to get into `files`;
//     headers: sent with every request; limits: tuf-js's configuration
//   {"ok": true, "paths": [...]} or {"ok": false, "error": "Name: message", "cause": ...}
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Updater } from 'tuf-js';

// tuf-js sends no credentials; what it fetches with is the platform's fetch.
const plainFetch = globalThis.fetch;
let headers = {};
globalThis.fetch = (url, options) => plainFetch(url, { ...options, headers: { ...options?.headers, ...headers } });

async function run(job) {
	mkdirSync(job.dir, { recursive: true });
	if (job.root) {
		copyFileSync(job.root, join(job.dir, 'root.json'));
	}
	headers = job.headers ?? {};
	const updater = new Updater({
		metadataDir: job.dir,
		metadataBaseUrl: job.metadata,
		targetDir: job.files,
		targetBaseUrl: job.targets,
		config: { fetchTimeout: 60000, fetchRetries: 0, ...job.limits },
	});
	await updater.refresh();
	const paths = [];
	for (const name of job.names ?? []) {
		const info = await updater.getTargetInfo(name);
		if (!info) {
			throw Object.assign(new Error(`no such target: ${name}`), { name: 'NoTarget' });
		}
		mkdirSync(job.files, { recursive: true });
		paths.push(await updater.downloadTarget(info));
	}
	return paths;
}

for await (const line of createInterface({ input: process.stdin })) {
	let answer;
	try {
		answer = { ok: true, paths: await run(JSON.parse(line)) };
	} catch (e) {
		const name = e.constructor?.name === 'Error' ? e.name : (e.constructor?.name ?? 'Error');
		answer = { ok: false, error: `${name}: ${e.message}`, cause: e.cause ? String(e.cause) : null };
	}
	process.stdout.write(JSON.stringify(answer) + '\n');
}
process.exit(0); // connections of endless answers are still open
