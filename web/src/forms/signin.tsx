import { useState } from "preact/hooks";
import { setUp, signIn } from "../api/client.ts";
import type { Session } from "../api/types.ts";
import { Button } from "../ui/button.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { ProblemNotice } from "./problem.tsx";
import { useSubmit } from "./useSubmit.ts";

const PASSWORD_MIN = 12;
const PASSWORD_MAX = 256;

interface SignInProps {
	/** Given when somebody was signed in before. */
	name?: string;
	onDone: (session: Session) => void;
}

export function SignInForm({ name: before = "", onDone }: SignInProps) {
	const [name, setName] = useState(before);
	const [password, setPassword] = useState("");
	const form = useSubmit(async () => onDone(await signIn(name, password)));
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
			<TextField
				label="Password"
				type="password"
				value={password}
				onInput={setPassword}
				autocomplete="current-password"
				autofocus={before !== ""}
				maxLength={PASSWORD_MAX}
			/>
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
	const [shown, setShown] = useState(false);
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
			<TextField
				label="Password"
				type={shown ? "text" : "password"}
				value={password}
				onInput={setPassword}
				autocomplete="new-password"
				autofocus
				minLength={PASSWORD_MIN}
				maxLength={PASSWORD_MAX}
				error={form.errorAt("/password")}
				hint={`At least ${PASSWORD_MIN} characters. A few words are easier to keep than symbols.`}
			/>
			<CheckField label="Show the password" checked={shown} onChange={setShown} />
			<Button type="submit" kind="primary" busy={form.pending} class="wide">
				Set up and sign in
			</Button>
		</form>
	);
}
