/** A failed request as the server told it (RFC 9457), or as the network did (status 0, code "network"). */
export class Problem extends Error {
	readonly status: number;
	readonly code: string;
	readonly title: string;
	readonly detail: string;
	/** Member of the request's body that is to blame, "/name"; empty when none is. */
	readonly pointer: string;
	readonly requestId: string;
	readonly retryAfter_s: number | null;

	constructor(status: number, document: Record<string, unknown>, retryAfter: string | null = null) {
		const text = (key: string) => (typeof document[key] === "string" ? (document[key] as string) : "");
		const title = text("title") || `The server answered ${status}`;
		super(title);
		this.name = "Problem";
		this.status = status;
		this.code = text("code");
		this.title = title;
		this.detail = text("detail");
		this.pointer = text("pointer");
		this.requestId = text("request_id");
		this.retryAfter_s = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
	}

	static network(): Problem {
		return new Problem(0, {
			code: "network",
			title: "The server cannot be reached",
			detail: "Nothing was changed as far as this page knows. Check the connection and try again.",
		});
	}
}

/** Any thrown value as a Problem, so that every failure can be shown the same way. */
export function asProblem(error: unknown): Problem {
	if (error instanceof Problem) return error;
	return new Problem(0, {
		code: "client",
		title: "Something went wrong in this page",
		detail: String(error),
	});
}
