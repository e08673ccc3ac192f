// Serves web/dist and the mock API with the headers of otad. Node only, no dependencies.
// Tests steer it through `control`: what is set there holds until it is set again.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { makeApi, Refusal, tick } from "./api.mjs";
import { at, emptyWorld, golden, makeWorld } from "./fleet.mjs";
import { identity, mayRead, union } from "./people.mjs";
import { Bytes, espDoor } from "./records.mjs";
import { tufDoor } from "./tuf.mjs";

const DIST = process.env.OTAD_WEB_DIST ?? fileURLToPath(new URL("../dist", import.meta.url));
const COMMENT_MS = 15_000;

export const CSP =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'";

const TYPES = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript",
	".css": "text/css",
	".svg": "image/svg+xml",
};

function serveFile(request, response, pathname) {
	const wanted = join(DIST, normalize(pathname));
	const isFile = wanted.startsWith(DIST) && extname(wanted) in TYPES && existsSync(wanted);
	const path = isFile ? wanted : join(DIST, "index.html");
	const encoding = (request.headers["accept-encoding"] ?? "").includes("br") && existsSync(`${path}.br`) ? "br" : "";
	response.writeHead(200, {
		"Content-Type": TYPES[extname(path)],
		"Content-Security-Policy": CSP,
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control": pathname.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
		...(encoding ? { "Content-Encoding": encoding } : {}),
	});
	response.end(readFileSync(encoding ? `${path}.br` : path));
}

function sendBytes(response, { type, body, name }) {
	response.writeHead(200, { "Content-Type": type, "Content-Disposition": `attachment; filename="${name}"` }).end(body);
}

function body(request) {
	return new Promise((resolve) => {
		const parts = [];
		request.on("data", (part) => parts.push(part));
		request.on("end", () => resolve(Buffer.concat(parts)));
	});
}

class Mock {
	constructor({ empty = false, devices } = {}) {
		this.world = empty ? emptyWorld() : makeWorld(Date.now(), devices);
		this.api = makeApi(
			this.world,
			(type, data) => this.emit(type, data),
			() => this.session(),
		);
		this.streams = new Set();
		this.eventId = 0;
		this.control = {
			setupNeeded: false,
			signedIn: true,
			refuseEvents: false,
			/** Rights instead of those of the roles. */
			grants: null,
			endBeforeWrite: false,
			/** Sign-in is refused for a while. */
			tooMany: false,
		};
		this.eventStreamsOpened = 0;
	}

	emit(type, data) {
		const text = `id: ${++this.eventId}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
		for (const stream of this.streams) stream.write(text);
	}

	tick() {
		tick(this.world, this.api);
	}

	dropStreams() {
		for (const stream of this.streams) stream.destroy();
		this.streams.clear();
	}

	session() {
		const user = { name: this.world.user.name, roles: this.world.user.roles };
		const known = this.world.roles.filter((r) => user.roles.includes(r.name));
		const grants = this.control.grants ?? union(known.flatMap((r) => r.grants));
		return {
			...golden("session"),
			user,
			csrf_token: "mock-csrf",
			permissions: [...new Set(grants.flatMap((g) => g.permissions))],
			grants,
			expires_at: at(Date.now() + 12 * 3_600_000),
		};
	}

	/** Setup, session and one-time links; undefined means: not one of these. */
	identity(method, path, data) {
		if (method === "DELETE" && path === "/session") {
			this.control.signedIn = false;
			return null;
		}
		if (method === "GET" && path === "/session") {
			if (!this.control.signedIn) throw new Refusal(401, "not-signed-in", "Nobody is signed in");
			return this.session();
		}
		const enter = (user) => {
			this.world.user = user;
			this.control.signedIn = true;
			return this.session();
		};
		return identity(this.world, this.control, { method, path, data }, { Refusal, enter });
	}

	answer(request, url, bytes) {
		const path = url.pathname.slice("/api/v1".length);
		const json = (request.headers["content-type"] ?? "").startsWith("application/json");
		const data = json && bytes.length > 0 ? JSON.parse(bytes.toString("utf8")) : undefined;
		const known = this.identity(request.method, path, data);
		if (known !== undefined) return known;
		if (this.control.endBeforeWrite && request.method !== "GET") {
			this.control.endBeforeWrite = false;
			this.control.signedIn = false;
		}
		if (!this.control.signedIn) throw new Refusal(401, "not-signed-in", "Nobody is signed in");
		if (request.method !== "GET" && request.headers["x-csrf-token"] !== "mock-csrf")
			throw new Refusal(403, "cross-site", "The CSRF token is missing");
		if (request.method === "GET" && !mayRead(path, this.session().permissions))
			throw new Refusal(403, "forbidden", "Not allowed", "None of your roles has the right");
		return this.api.call(request.method, path, url.searchParams, data, bytes) ?? null;
	}

	events(request, response) {
		if (!this.control.signedIn || this.control.refuseEvents) {
			response.writeHead(this.control.signedIn ? 503 : 401).end();
			return;
		}
		this.eventStreamsOpened++;
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		response.write(": hello\n\n");
		if (request.headers["last-event-id"] !== undefined)
			response.write(`id: ${this.eventId}\nevent: resync\ndata: {}\n\n`);
		const timer = setInterval(() => response.write(":\n\n"), COMMENT_MS);
		this.streams.add(response);
		response.on("close", () => {
			clearInterval(timer);
			this.streams.delete(response);
		});
	}

	door(response, answer) {
		if (answer === null) response.writeHead(404, { "Content-Type": "application/problem+json" }).end("{}");
		else if (answer instanceof Bytes) sendBytes(response, answer);
		else response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
	}

	async handle(request, response) {
		const url = new URL(request.url, "http://localhost");
		if (url.pathname.startsWith("/tuf/")) return this.door(response, tufDoor(this.world, url.pathname));
		if (!url.pathname.startsWith("/api/")) return serveFile(request, response, url.pathname);
		if (url.pathname === "/api/v1/events") return this.events(request, response);
		if (url.pathname.startsWith("/api/esp/")) {
			const answer = this.control.signedIn ? espDoor(this.world, url.pathname, url.searchParams) : null;
			return this.door(response, answer);
		}
		try {
			const answer = this.answer(request, url, await body(request));
			if (answer === null) response.writeHead(204).end();
			else if (answer instanceof Bytes) sendBytes(response, answer);
			else response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			const retry = error.retryAfter === undefined ? {} : { "Retry-After": error.retryAfter };
			response
				.writeHead(error.status, { "Content-Type": "application/problem+json", ...retry })
				.end(JSON.stringify(error.document));
		}
	}
}

/** Listens on a free port of the loopback unless one is given. */
export async function startMock(options = {}) {
	const mock = new Mock(options);
	const server = createServer((request, response) => void mock.handle(request, response));
	await new Promise((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
	mock.world.url = mock.url = `http://localhost:${server.address().port}`;
	mock.close = () => {
		mock.dropStreams();
		server.closeAllConnections();
		server.close();
	};
	return mock;
}
