import type { ComponentChildren } from "preact";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemNotice } from "./problem.tsx";
import { useSubmit } from "./useSubmit.ts";

interface ConfirmProps {
	title: string;
	/** What will be true afterwards. */
	children: ComponentChildren;
	/** The verb and its object, never "OK". */
	action: string;
	danger?: boolean;
	onConfirm: () => Promise<void>;
	onClose: () => void;
}

export function Confirm({ title, children, action, danger = false, onConfirm, onClose }: ConfirmProps) {
	const form = useSubmit(onConfirm);
	return (
		<Dialog title={title} onClose={onClose}>
			<form class="form" onSubmit={form.submit}>
				<div class="consequence">{children}</div>
				<ProblemNotice problem={form.problem} />
				<div class="form-end">
					<Button onClick={onClose}>Cancel</Button>
					<Button type="submit" kind={danger ? "danger" : "primary"} busy={form.pending}>
						{action}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
