import { useState } from "preact/hooks";
import { setUp, signIn } from "../api/client.ts";
import { asProblem } from "../api/problem.ts";
import type { Session } from "../api/types.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { CodeField, cleanCode } from "./code.tsx";
import { CurrentPassword, NewPassword } from "./password.tsx";
import { ProblemNotice } from "./problem.tsx";
import { useSubmit } from "./useSubmit.ts";

interface SignInProps {
	/** Given when somebody was signed in before. */
	name?: string;
	onDone: (session: Session) => void;
}

/** Name and password, then the code of a second factor where one is set: the server says so after a right password. */
export function SignInForm({ name: before = "", onDone }: SignInProps) {
	const [name, setName] = useState(before);
	const [password, setPassword] = useState("");
	const [code, setCode] = useState<string | null>(null);
	const form = useSubmit(async () => {
		try {
			onDone(await signIn(name, password, code === null ? undefined : cleanCode(code)));
		} catch (error) {
			if (code !== null || asProblem(error).code !== "code-needed") throw error;
			setCode("");
		}
	});
	if (code !== null) {
		const wrong = form.problem?.code === "bad-credentials";
		return (
			<form class="form" onSubmit={form.submit}>
				<p>
					<strong>{name}</strong> has a second factor.
				</p>
				{wrong ? null : <ProblemNotice problem={form.problem} />}
				<CodeField
					value={code}
					onInput={setCode}
					error={wrong ? "This code does not count. Each code counts once, and for half a minute." : ""}
					recovery
				/>
				<Button type="submit" kind="primary" busy={form.pending} class="wide">
					Sign in
				</Button>
				<Button
					kind="quiet"
					class="wide"
					onClick={() => {
						form.clear();
						setPassword("");
						setCode(null);
					}}
				>
					Start again
				</Button>
			</form>
		);
	}
	return (
		<form class="form" onSubmit={form.submit}>
			<ProblemNotice problem={form.problem} />
			<TextField
				label="Name"
				value={name}
				onInput={setName}
				autocomplete="username"
				autofocus={before === ""}
				maxLength={64}
			/>
			<CurrentPassword value={password} onInput={setPassword} autofocus={before !== ""} />
			<Button type="submit" kind="primary" busy={form.pending} class="wide">
				Sign in
			</Button>
		</form>
	);
}

interface SetupProps {
	token: string;
	onDone: (session: Session) => void;
}

export function SetupForm({ token, onDone }: SetupProps) {
	const [name, setName] = useState("admin");
	const [password, setPassword] = useState("");
	const form = useSubmit(async () => onDone(await setUp(token, name, password)), ["/name", "/password"]);
	return (
		<form class="form" onSubmit={form.submit}>
			<ProblemNotice problem={form.problem} />
			<TextField
				label="Your name"
				value={name}
				onInput={setName}
				autocomplete="username"
				maxLength={64}
				error={form.errorAt("/name")}
				hint="This person becomes the first administrator."
			/>
			<NewPassword value={password} onInput={setPassword} error={form.errorAt("/password")} autofocus />
			<Button type="submit" kind="primary" busy={form.pending} class="wide">
				Set up and sign in
			</Button>
		</form>
	);
}
