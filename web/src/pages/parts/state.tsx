import type { ComponentChildren } from "preact";
import type { Loaded } from "../../api/useLoad.ts";
import type { Paged } from "../../api/usePaged.ts";
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

/** A list that comes page by page: grey bars until the first page is there, a problem with a way out. */
export function Paging({
	of,
	children,
}: {
	of: Pick<Paged<unknown>, "loaded" | "problem" | "reload">;
	children: ComponentChildren;
}) {
	return (
		<>
			<ProblemNotice problem={of.problem} onRetry={of.reload} />
			{of.loaded ? children : of.problem === null ? <Loading rows={6} /> : null}
		</>
	);
}
