import type { Problem } from "../api/problem.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/feedback.tsx";

/** What went wrong in the server's words, with the request id that its log knows. */
export function ProblemNotice({ problem, onRetry }: { problem: Problem | null; onRetry?: () => void }) {
	if (problem === null) return null;
	const wait = problem.retryAfter_s;
	return (
		<Notice
			tone="bad"
			title={problem.title}
			action={onRetry ? <Button onClick={onRetry}>Try again</Button> : undefined}
		>
			{problem.detail ? <p>{problem.detail}</p> : null}
			{wait !== null ? <p>Try again in {wait} s.</p> : null}
			{problem.requestId ? (
				<p class="small">
					Request <code>{problem.requestId}</code>
				</p>
			) : null}
		</Notice>
	);
}
