import type { Update, UpdateEvent } from "../../api/types.ts";
import { Mark, type Shape, type Tone } from "../../ui/mark.tsx";
import { Time } from "../../ui/time.tsx";
import { reasonText } from "../../util/words.ts";

interface Look {
	shape: Shape;
	tone: Tone;
	word: string;
}

interface Step extends Look {
	at: string;
	details: string[];
}

const DOWNLOADING: Look = { shape: "down", tone: "accent", word: "Downloading" };

/** DDI's execution words for people; what is not here is shown as it came. */
const EXECUTIONS = new Map<string, Look>([
	["scheduled", { shape: "clock", tone: "idle", word: "Scheduled" }],
	["resumed", { shape: "turn", tone: "accent", word: "Resumed" }],
	["download", DOWNLOADING],
	["downloading", DOWNLOADING],
	["downloaded", { shape: "into", tone: "accent", word: "Downloaded" }],
	["installing", { shape: "turn", tone: "accent", word: "Installing" }],
	["retrieved", { shape: "down", tone: "accent", word: "Accepted" }],
	["canceled", { shape: "stop", tone: "idle", word: "Cancelled" }],
	["rejected", { shape: "cross", tone: "bad", word: "Rejected" }],
]);

/** Most clients say "proceeding" all along, and what they do in the details or by a number. */
function proceeding(event: UpdateEvent): Look {
	const told = event.details.map((d) => EXECUTIONS.get(d)).find((l) => l !== undefined);
	if (told) return told;
	return event.progress_percent === null ? { shape: "turn", tone: "accent", word: "Working" } : DOWNLOADING;
}

function look(event: UpdateEvent): Look {
	switch (event.execution) {
		case "proceeding":
			return proceeding(event);
		case "closed":
			return event.result === "failure"
				? { shape: "cross", tone: "bad", word: "Failed" }
				: { shape: "check", tone: "ok", word: "Finished" };
		default:
			return EXECUTIONS.get(event.execution) ?? { shape: "ring", tone: "idle", word: event.execution };
	}
}

function details(event: UpdateEvent): string[] {
	const texts = event.details.filter((d) => !EXECUTIONS.has(d)).map(reasonText);
	return event.progress_percent === null || event.execution === "closed"
		? texts
		: [`${event.progress_percent} %`, ...texts];
}

/** Runs of the same step become one line with the last news; the order is that of time. */
export function timelineSteps(update: Update): Step[] {
	const assigned: Step = {
		at: update.created_at,
		shape: "clock",
		tone: "idle",
		word: `Assigned by ${update.created_by}`,
		details: [],
	};
	const steps: Step[] = [assigned];
	const told = (update.events ?? []).filter((e) => e.execution !== "created");
	const events = told.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
	for (const event of events) {
		const step: Step = {
			at: event.at,
			...look(event),
			details: details(event),
		};
		const last = steps.at(-1);
		if (last && last.word === step.word) steps[steps.length - 1] = step;
		else steps.push(step);
	}
	return steps;
}

export function Timeline({ update }: { update: Update }) {
	return (
		<ol class="timeline">
			{timelineSteps(update).map((s) => (
				<li key={`${s.at} ${s.word}`}>
					<Mark shape={s.shape} tone={s.tone}>
						{s.word}
					</Mark>
					<span class="timeline-details muted">{s.details.join(" · ")}</span>
					<span class="timeline-time muted">
						<Time at={s.at} focusable />
					</span>
				</li>
			))}
		</ol>
	);
}
