import type { Paged } from "../../api/usePaged.ts";
import { Button } from "../../ui/button.tsx";

/** Below a list that has more: a button, so that the end of the page can be reached by keyboard too. */
export function More({ of }: { of: Pick<Paged<unknown>, "more" | "loading" | "loadMore"> }) {
	if (!of.more) return null;
	return (
		<div class="more">
			<Button busy={of.loading} onClick={of.loadMore}>
				Show more
			</Button>
		</div>
	);
}
