import { useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem.ts";

export interface Submit {
	pending: boolean;
	problem: Problem | null;
	/** For <form onSubmit>, and as a plain call. */
	submit: (event?: Event) => void;
	/** The problem's text if it points at this member of the body, else nothing. */
	errorAt: (pointer: string) => string;
	clear: () => void;
}

/** Runs one action at a time and keeps its failure. `fields` are the pointers that the form can show by itself. */
export function useSubmit(action: () => Promise<void>, fields: string[] = []): Submit {
	const [pending, setPending] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const running = useRef(false);
	const run = async () => {
		if (running.current) return;
		running.current = true;
		setPending(true);
		setProblem(null);
		try {
			await action();
		} catch (error) {
			setProblem(asProblem(error));
		} finally {
			running.current = false;
			setPending(false);
		}
	};
	const shownAtField = problem !== null && fields.includes(top(problem.pointer));
	return {
		pending,
		problem: shownAtField ? null : problem,
		submit: (event) => {
			event?.preventDefault();
			void run();
		},
		errorAt: (pointer) =>
			problem !== null && shownAtField && top(problem.pointer) === pointer ? problem.detail || problem.title : "",
		clear: () => setProblem(null),
	};
}

/** "/aliases/2" belongs to the field "/aliases". */
function top(pointer: string): string {
	const next = pointer.indexOf("/", 1);
	return next < 0 ? pointer : pointer.slice(0, next);
}
