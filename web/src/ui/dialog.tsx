import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface DialogProps {
	title: string;
	children: ComponentChildren;
	onClose: () => void;
	wide?: boolean;
	/** A dialog that only an answer closes: no cross, no Escape. */
	firm?: boolean;
}

/** A modal dialog on the native element; focus goes back to what opened it. */
export function Dialog({ title, children, onClose, wide = false, firm = false }: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useLayoutEffect(() => {
		const opener = document.activeElement;
		const dialog = ref.current;
		dialog?.showModal();
		return () => {
			dialog?.close();
			if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
		};
	}, []);
	const cancel = (event: Event) => {
		event.preventDefault();
		if (!firm) onClose();
	};
	return (
		<dialog ref={ref} class={wide ? "dialog wide" : "dialog"} aria-labelledby={id} onCancel={cancel}>
			<header class="dialog-head">
				<h2 id={id}>{title}</h2>
				{firm ? null : (
					<button type="button" class="button quiet only-icon" aria-label="Close" onClick={onClose}>
						<Icon name="cross" />
					</button>
				)}
			</header>
			<div class="dialog-body">{children}</div>
		</dialog>
	);
}
