import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { TextField } from "../ui/field.tsx";
import { FormDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

interface ConfirmProps {
	title: string;
	/** What will be true afterwards. */
	children: ComponentChildren;
	/** The verb and its object, never "OK". */
	action: string;
	danger?: boolean;
	/** A name to type first, where a hasty click would cost other people's work. */
	typed?: string;
	onConfirm: () => Promise<void>;
	onClose: () => void;
}

export function Confirm({ title, children, action, danger = false, typed, onConfirm, onClose }: ConfirmProps) {
	const [name, setName] = useState("");
	const denied = typed === undefined || name.trim() === typed ? "" : `Type ${typed} first`;
	const form = useSubmit(async () => {
		if (denied === "") await onConfirm();
	});
	return (
		<FormDialog title={title} form={form} action={action} danger={danger} denied={denied} onClose={onClose}>
			<div class="consequence">{children}</div>
			{typed === undefined ? null : (
				<TextField label={`Type ${typed} to confirm`} value={name} onInput={setName} mono autofocus />
			)}
		</FormDialog>
	);
}
