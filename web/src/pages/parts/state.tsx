import type { ComponentChildren } from "preact";
import type { Loaded } from "../../api/useLoad.ts";
import { ProblemNotice } from "../../forms/problem.tsx";
import { Loading } from "../../ui/feedback.tsx";

interface Props<T> {
	of: Loaded<T>;
	rows?: number;
	children: (data: T) => ComponentChildren;
}

/** What is loaded, grey bars until then, and a problem with a way out; old data stays under a problem. */
export function Ready<T>({ of, rows, children }: Props<T>) {
	return (
		<>
			<ProblemNotice problem={of.problem} onRetry={of.reload} />
			{of.data !== null ? children(of.data) : of.problem === null ? <Loading rows={rows ?? 4} /> : null}
		</>
	);
}
