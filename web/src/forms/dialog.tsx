import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import type { IconName } from "../ui/icon.tsx";
import { ProblemNotice } from "./problem.tsx";
import type { Submit } from "./useSubmit.ts";

interface Props {
	title: string;
	form: Submit;
	children: ComponentChildren;
	/** The verb and its object, never "OK". */
	action: string;
	icon?: IconName;
	/** The form's, unless a field shows it already. */
	problem?: Problem | null;
	/** Why it cannot be done yet. */
	denied?: string;
	/** Destroys something, or lets something out that cannot be taken back. */
	danger?: boolean;
	/** Why it cannot be left now. */
	bound?: string;
	wide?: boolean;
	onClose: () => void;
}

/** A form in a dialog: its fields, what went wrong right above the buttons, the way back and the action. */
export function FormDialog(props: Props) {
	const { title, form, children, action, icon, denied = "", bound = "", wide = false, onClose } = props;
	const problem = props.problem === undefined ? form.problem : props.problem;
	return (
		<Dialog title={title} onClose={onClose} wide={wide} firm={bound !== ""}>
			<form class="form" onSubmit={form.submit}>
				{children}
				<ProblemNotice problem={problem} />
				<div class="form-end">
					<Button onClick={onClose} denied={bound}>
						Cancel
					</Button>
					<Button
						type="submit"
						kind={props.danger ? "danger" : "primary"}
						icon={icon}
						busy={form.pending}
						denied={denied}
					>
						{action}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}

interface OnceProps {
	title: string;
	children: ComponentChildren;
	/** What the person says they have done with it. */
	done: string;
	/** Before the button: a way to do it. */
	beside?: ComponentChildren;
	onClose: () => void;
}

/** Something that is shown once: closed only on purpose. */
export function OnceDialog({ title, children, done, beside, onClose }: OnceProps) {
	return (
		<Dialog title={title} onClose={onClose} firm>
			<div class="form">
				{children}
				<div class="form-end">
					{beside}
					<Button kind="primary" onClick={onClose}>
						{done}
					</Button>
				</div>
			</div>
		</Dialog>
	);
}
