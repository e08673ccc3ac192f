import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/problem.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/feedback.tsx";
import { duration } from "../util/time.ts";

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
			{wait !== null ? <Wait key={problem.requestId} seconds={wait} /> : null}
			{problem.requestId ? (
				<p class="small">
					Request <code>{problem.requestId}</code>
				</p>
			) : null}
		</Notice>
	);
}

/** Counts down to when another try has a chance. Read out once, not every second. */
function Wait({ seconds }: { seconds: number }) {
	const [left, setLeft] = useState(seconds);
	useEffect(() => {
		const end = Date.now() + seconds * 1000;
		const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((end - Date.now()) / 1000))), 1000);
		return () => clearInterval(timer);
	}, [seconds]);
	return <p aria-live="off">{left > 0 ? `Try again in ${duration(left)}.` : "You can try again now."}</p>;
}
