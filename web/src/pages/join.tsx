import { useEffect, useState } from "preact/hooks";
import { join, joinCheck } from "../api/people.ts";
import { asProblem, type Problem } from "../api/problem.ts";
import type { JoinCheck, Session } from "../api/types.ts";
import { CodeField, cleanCode } from "../forms/code.tsx";
import { NewPassword } from "../forms/password.tsx";
import { ProblemNotice } from "../forms/problem.tsx";
import { useSubmit } from "../forms/useSubmit.ts";
import { page } from "../paths.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Loading, Notice } from "../ui/feedback.tsx";
import { TextField } from "../ui/field.tsx";
import { navigate } from "../util/location.ts";
import { Door } from "./door.tsx";

interface JoinPageProps {
	/** From the address; it is taken out of there at once, so that neither history nor shoulders keep it. */
	token: string;
	/** Who is signed in already in this browser. */
	current: string | null;
	onDone: (session: Session) => void;
}

type Link = { is: "asked" } | { is: "good"; check: JoinCheck } | { is: "dead" } | { is: "unknown"; problem: Problem };

/** What a one-time link is for, asked of the server as soon as there is a token. */
function useLink(token: string) {
	const [link, setLink] = useState<Link>({ is: "asked" });
	const [tries, setTries] = useState(0);
	useEffect(() => {
		let old = false;
		setLink(token === "" ? { is: "dead" } : { is: "asked" });
		if (token === "") return;
		joinCheck(token).then(
			(check) => !old && setLink({ is: "good", check }),
			(error: unknown) => {
				const problem = asProblem(error);
				if (!old) setLink(problem.status === 404 ? { is: "dead" } : { is: "unknown", problem });
			},
		);
		return () => {
			old = true;
		};
	}, [token, tries]);
	return { link, retry: () => setTries((n) => n + 1) };
}

export function JoinPage({ token: fresh, current, onDone }: JoinPageProps) {
	const [token, setToken] = useState(fresh);
	useEffect(() => {
		if (fresh === "") return;
		setToken(fresh);
		navigate(page.join(), true);
	}, [fresh]);
	const { link, retry } = useLink(fresh === "" ? token : fresh);
	switch (link.is) {
		case "asked":
			return (
				<Door title="One moment">
					<Loading rows={2} />
				</Door>
			);
		case "unknown":
			return (
				<Door title="One moment">
					<ProblemNotice problem={link.problem} onRetry={retry} />
				</Door>
			);
		case "dead":
			return <DeadLink current={current} />;
		case "good":
			return <JoinForm token={token} check={link.check} current={current} onDone={onDone} />;
	}
}

function DeadLink({ current }: { current: string | null }) {
	return (
		<Door title="This link has ended">
			<Empty icon="lock" title="It cannot be used any more">
				<p>
					A link counts once and for three days, and a newer one ends it. Ask an administrator for another; or sign in
					if you have chosen your password already.
				</p>
			</Empty>
			<a class="button primary wide" href={page.overview()}>
				{current === null ? "Sign in" : "Go to the overview"}
			</a>
		</Door>
	);
}

interface JoinFormProps extends Omit<JoinPageProps, "token"> {
	token: string;
	check: JoinCheck;
}

function JoinForm({ token, check, current, onDone }: JoinFormProps) {
	const [password, setPassword] = useState("");
	const [code, setCode] = useState("");
	const form = useSubmit(async () => {
		const session = await join(token, password, check.totp ? cleanCode(code) : undefined);
		navigate(page.overview(), true);
		onDone(session);
	}, ["/password"]);
	const invited = check.kind === "invitation";
	const wrongCode = form.problem?.code === "bad-credentials";
	return (
		<Door title={invited ? `Welcome, ${check.name}` : "A new password"}>
			<p class="muted">
				{invited
					? "You have been invited to otad. Choose a password, and you are in."
					: `Choose a new password for ${check.name}. The old one counts no more, and all sign-ins have ended.`}
			</p>
			{current !== null && current !== check.name ? (
				<Notice tone="warn" title={`${current} is signed in here`}>
					Going on signs {current} out in this browser.
				</Notice>
			) : null}
			<form class="form" onSubmit={form.submit}>
				{wrongCode ? null : <ProblemNotice problem={form.problem} />}
				<TextField
					label="Your name"
					value={check.name}
					onInput={() => undefined}
					autocomplete="username"
					fixed
					hint="You sign in with it."
				/>
				<NewPassword value={password} onInput={setPassword} error={form.errorAt("/password")} autofocus />
				{check.totp ? (
					<CodeField
						value={code}
						onInput={setCode}
						error={wrongCode ? "This code does not count" : ""}
						autofocus={false}
						recovery
					/>
				) : null}
				<Button type="submit" kind="primary" busy={form.pending} class="wide">
					{invited ? "Join" : "Set the password and sign in"}
				</Button>
			</form>
		</Door>
	);
}
