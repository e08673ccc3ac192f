import type { ComponentChildren } from "preact";
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
export function FormDialog({ title, form, children, action, icon, denied, danger, bound, wide, onClose }: Props) {
	const leave = () => {
		if (!bound) onClose();
	};
	return (
		<Dialog title={title} onClose={leave} wide={wide ?? false}>
			<form class="form" onSubmit={form.submit}>
				{children}
				<ProblemNotice problem={form.problem} />
				<div class="form-end">
					<Button onClick={onClose} denied={bound ?? ""}>
						Cancel
					</Button>
					<Button
						type="submit"
						kind={danger ? "danger" : "primary"}
						icon={icon}
						busy={form.pending}
						denied={denied ?? ""}
					>
						{action}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
