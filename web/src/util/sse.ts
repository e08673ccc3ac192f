/** One event of a text/event-stream. */
export interface StreamEvent {
	type: string;
	id: string;
	data: string;
}

/** Feeds text in any cut, gives whole events; comment lines are swallowed. Implements the line rules of the HTML standard. */
export class StreamParser {
	#rest = "";
	#type = "";
	#data: string[] = [];
	/** The last id seen: it survives events without one. */
	lastId = "";

	push(text: string): StreamEvent[] {
		const events: StreamEvent[] = [];
		const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
		this.#rest = lines.pop() ?? "";
		for (const line of lines) {
			const event = this.#line(line);
			if (event) events.push(event);
		}
		return events;
	}

	#line(line: string): StreamEvent | null {
		if (line === "") return this.#dispatch();
		const colon = line.indexOf(":");
		if (colon === 0) return null;
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (field === "event") this.#type = value;
		else if (field === "data") this.#data.push(value);
		else if (field === "id") this.lastId = value;
		return null;
	}

	#dispatch(): StreamEvent | null {
		const event = {
			type: this.#type || "message",
			id: this.lastId,
			data: this.#data.join("\n"),
		};
		const named = this.#type !== "";
		const filled = this.#data.length > 0;
		this.#type = "";
		this.#data = [];
		return filled || named ? event : null;
	}
}
