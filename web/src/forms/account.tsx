import { useState } from "preact/hooks";
import { passwordChange } from "../api/people.ts";
import { useSession } from "../api/session.ts";
import { toast } from "../ui/toast.tsx";
import { FormDialog } from "./dialog.tsx";
import { CurrentPassword, NewPassword } from "./password.tsx";
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
		<FormDialog
			title="Change the password"
			form={form}
			problem={wrong ? null : form.problem}
			action="Change password"
			onClose={onClose}
		>
			<p class="consequence">All your other sign-ins end. This one goes on.</p>
			<input type="text" autocomplete="username" value={session.user.name} readOnly hidden />
			<CurrentPassword
				label="The password until now"
				value={current}
				onInput={setCurrent}
				error={wrong ? "This is not your password" : ""}
				autofocus
			/>
			<NewPassword label="The new password" value={next} onInput={setNext} error={form.errorAt("/new")} />
		</FormDialog>
	);
}
