// Compares the built sizes (gzip) with budget.json; run after the build.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const budget = JSON.parse(readFileSync(`${root}budget.json`, "utf8"));
const html = readFileSync(`${root}dist/index.html`, "utf8");
const assets = readdirSync(`${root}dist/assets`);
const size = (name) => statSync(`${root}dist/assets/${name}.gz`).size;
const sum = (names) => names.reduce((total, name) => total + size(name), 0);

const scripts = assets.filter((name) => name.endsWith(".js"));
// What writes a board over USB: loaded on its page when somebody starts, one chip's part of it.
const isFlasher = (name) => name.startsWith("flasher-");
const measured = {
	entry_js_gz: sum(scripts.filter((name) => html.includes(name))),
	all_js_gz: sum(scripts.filter((name) => !isFlasher(name))),
	flasher_js_gz: sum(scripts.filter((name) => name.startsWith("flasher-loader-"))),
	flasher_all_js_gz: sum(scripts.filter(isFlasher)),
	css_gz: sum(assets.filter((name) => name.endsWith(".css"))),
};

let over = false;
for (const [name, limit] of Object.entries(budget)) {
	const bytes = measured[name];
	const bad = bytes === undefined || bytes === 0 || bytes > limit;
	over ||= bad;
	console.log(`${bad ? "OVER" : "ok  "} ${name.padEnd(17)} ${String(bytes).padStart(7)} of ${limit} bytes`);
}
process.exit(over ? 1 : 0);
