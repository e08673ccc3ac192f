import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface Toast {
	id: number;
	text: string;
}

const SHOWN_MS = 5000;
let last = 0;
let show: ((toast: Toast) => void) | null = null;

/** Says for five seconds that something was done. Failures are never told this way. */
export function toast(text: string): void {
	show?.({ id: ++last, text });
}

export function Toasts() {
	const [toasts, setToasts] = useState<Toast[]>([]);
	useEffect(() => {
		show = (t) => {
			setToasts((list) => [...list.slice(-2), t]);
			setTimeout(() => setToasts((list) => list.filter((x) => x.id !== t.id)), SHOWN_MS);
		};
		return () => {
			show = null;
		};
	}, []);
	return (
		<div class="toasts" role="status">
			{toasts.map((t) => (
				<p key={t.id} class="toast">
					<Icon name="check" />
					{t.text}
				</p>
			))}
		</div>
	);
}
