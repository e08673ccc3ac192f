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

/**
 * What an answer changes may take away the button that has the focus again: until somebody presses something, the page's
 * heading gets it then, instead of nothing.
 */
function keepFocus(): void {
	const watch = new MutationObserver(() => {
		if (document.activeElement === document.body) document.querySelector("h1")?.focus({ preventScroll: true });
	});
	watch.observe(document.body, { childList: true, subtree: true });
	for (const act of ["keydown", "pointerdown"])
		addEventListener(act, () => watch.disconnect(), { once: true, capture: true });
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
			keepFocus();
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
