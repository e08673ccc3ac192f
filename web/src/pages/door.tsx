import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { setupNeeded } from "../api/client.ts";
import type { Session } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { SetupForm, SignInForm } from "../forms/signin.tsx";
import { page } from "../paths.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Notice } from "../ui/feedback.tsx";
import { navigate } from "../util/location.ts";
import { Brand } from "./shell.tsx";

/** The pages in front of a session. */

export function Door({ title, children }: { title: string; children: ComponentChildren }) {
	useEffect(() => {
		document.title = `${title} · otad`;
	}, [title]);
	return (
		<main class="door">
			<Brand />
			<section class="door-box">
				<h1>{title}</h1>
				{children}
			</section>
		</main>
	);
}

export function SignInPage({ onDone }: { onDone: (session: Session) => void }) {
	const setup = useLoad("setup", setupNeeded);
	return (
		<Door title="Sign in">
			{setup.data?.needed ? (
				<Notice tone="info" title="Nobody can sign in yet">
					Open the one-time setup link that otad printed when it started. It looks like{" "}
					<code>{location.origin}/setup#…</code>
				</Notice>
			) : null}
			<SignInForm onDone={onDone} />
		</Door>
	);
}

export function SetupPage({ token, onDone }: { token: string; onDone: (session: Session) => void }) {
	const setup = useLoad("setup", setupNeeded);
	const done = (session: Session) => {
		navigate(page.overview(), true);
		onDone(session);
	};
	if (setup.data?.needed === false) {
		return (
			<Door title="Set up already">
				<p>This server has its first administrator. The link works once only.</p>
				<a class="button primary wide" href={page.overview()}>
					Sign in
				</a>
			</Door>
		);
	}
	return (
		<Door title="Welcome">
			{token === "" ? (
				<Notice tone="warn" title="The link is incomplete">
					Copy the whole address that otad printed, with everything after the # sign.
				</Notice>
			) : null}
			<p class="muted">
				This page makes the first administrator. There is no default password, and the link works once.
			</p>
			<SetupForm token={token} onDone={done} />
		</Door>
	);
}

/** Asked over the page when a session has ended: what is filled in below stays, and the request goes on. */
export function SignInAgain({
	name,
	onDone,
	onLeave,
}: {
	name: string;
	onDone: (session: Session) => void;
	onLeave: () => void;
}) {
	return (
		<Dialog title="Your session has ended" onClose={onLeave}>
			<div class="stack loose">
				<p>Sign in to go on where you are. Nothing you have filled in is lost.</p>
				<SignInForm name={name} onDone={onDone} />
			</div>
		</Dialog>
	);
}
