import { useState } from "preact/hooks";
import { passwordChange } from "../api/people.ts";
import { useSession } from "../api/session.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toast.tsx";
import { CurrentPassword, NewPassword } from "./password.tsx";
import { ProblemNotice } from "./problem.tsx";
import { useSubmit } from "./useSubmit.ts";

export function ChangePassword({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
	const { session, renew } = useSession();
	const [current, setCurrent] = useState("");
	const [next, setNext] = useState("");
	const form = useSubmit(async () => {
		renew(await passwordChange(current, next));
		toast("The password is changed, and all other sign-ins have ended");
		onDone();
		onClose();
	}, ["/new"]);
	const wrong = form.problem?.code === "wrong-password";
	return (
		<Dialog title="Change the password" onClose={onClose}>
			<form class="form" onSubmit={form.submit}>
				<p class="consequence">All your other sign-ins end. This one goes on.</p>
				{wrong ? null : <ProblemNotice problem={form.problem} />}
				<input type="text" autocomplete="username" value={session.user.name} readOnly hidden />
				<CurrentPassword
					label="The password until now"
					value={current}
					onInput={setCurrent}
					error={wrong ? "This is not your password" : ""}
					autofocus
				/>
				<NewPassword label="The new password" value={next} onInput={setNext} error={form.errorAt("/new")} />
				<div class="form-end">
					<Button onClick={onClose}>Cancel</Button>
					<Button type="submit" kind="primary" busy={form.pending}>
						Change password
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
