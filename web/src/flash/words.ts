import { Problem } from "../api/problem.ts";

/** What went wrong, and what to do about it. */
export interface Trouble {
	title: string;
	text: string;
}

/** Something that this page found by itself, in words for the person. */
export class Refused extends Error {
	constructor(
		readonly title: string,
		readonly text: string,
	) {
		super(title);
		this.name = "Refused";
	}
}

const NO_ANSWER: Trouble = {
	title: "The board does not answer",
	text: "Hold its BOOT button (or GPIO0 to ground), press RESET for a moment, let go of BOOT, and try again. A cable that only charges does not work either.",
};
const TAKEN: Trouble = {
	title: "The port could not be opened",
	text: "Another program seems to use it: close serial monitors and other tabs that talk to the board. On Linux you may have to be in the group dialout.",
};
const LOST: Trouble = {
	title: "The board is gone",
	text: "The connection broke. Plug it in again and start over: a board that was written half way does not start, but can always be written again.",
};

/** The failure of a flashing in words; whatever is not known is shown as it came. */
export function troubleOf(error: unknown): Trouble {
	if (error instanceof Refused) return { title: error.title, text: error.text };
	if (error instanceof Problem) return { title: error.title, text: error.detail || "Nothing was written." };
	const name = error instanceof Error ? error.name : "";
	const message = error instanceof Error ? error.message : String(error);
	if (name === "ReadBackDiffers")
		return {
			title: "What the board holds differs from the file",
			text: "Write it again at the slowest speed, with another cable or port. If it happens again the flash may be worn out.",
		};
	if (/lost|disconnected|not been opened/i.test(message)) return LOST;
	if (/open/i.test(message) && (name === "InvalidStateError" || name === "NetworkError")) return TAKEN;
	if (/failed to connect|no serial data|stream stopped|invalid head|timeout/i.test(message)) return NO_ANSWER;
	return { title: "Writing failed", text: message };
}
