import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Loading, Notice } from "./feedback.tsx";

/** A component in a file of its own, fetched when it is first shown. `load` is `() => import("./x.tsx").then(...)`. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
	let known: ComponentType<P> | null = null;
	return function Lazy(props: P) {
		const [state, setState] = useState<"waiting" | "here" | "failed">(known === null ? "waiting" : "here");
		useEffect(() => {
			if (known !== null) return;
			load().then(
				(component) => {
					known = component;
					setState("here");
				},
				() => setState("failed"),
			);
		}, []);
		const Known = known;
		if (Known !== null) return <Known {...props} />;
		if (state === "waiting") return <Loading rows={6} />;
		return (
			<Notice
				tone="bad"
				title="This page could not be fetched"
				action={<Button onClick={() => location.reload()}>Load again</Button>}
			>
				The server may have been given a new version, or cannot be reached.
			</Notice>
		);
	};
}
