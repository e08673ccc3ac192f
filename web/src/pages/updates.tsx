import { platformList } from "../api/client.ts";
import { isClosed } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { page } from "../paths.ts";
import { Link } from "../ui/button.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Select } from "../ui/field.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { navigate } from "../util/location.ts";
import { Ready } from "./parts/state.tsx";
import { UpdateTable, useUpdates } from "./parts/updates.tsx";

export function UpdatesPage({ platform }: { platform: string }) {
	const open = useUpdates({ open: true, platform });
	const recent = useUpdates({ platform });
	const platforms = useLoad("platforms", platformList);
	const running = open.list.data?.filter((u) => !isClosed(u)).length ?? 0;
	return (
		<>
			<PageHead
				title="Updates"
				beside={
					<span class="muted" role="status">
						{running} in progress
					</span>
				}
				actions={
					<Select
						label="Platform"
						value={platform}
						options={[
							{ value: "", label: "All platforms" },
							...(platforms.data ?? []).map((p) => ({
								value: p.name,
								label: p.name,
							})),
						]}
						onChange={(value) => navigate(page.updates({ platform: value }), true)}
					/>
				}
			/>
			<Panel title="In progress" flush>
				<Ready of={open.list}>
					{(updates) =>
						updates.length > 0 ? (
							<UpdateTable label="Updates in progress" updates={updates} live={open} cancellable />
						) : (
							<p class="quiet-line">Nothing is being updated right now.</p>
						)
					}
				</Ready>
			</Panel>
			<Panel title="Recent" flush>
				<Ready of={recent.list}>
					{(updates) => {
						const closed = updates.filter(isClosed);
						return closed.length > 0 ? (
							<UpdateTable label="Recent updates" updates={closed} live={{ ...recent, fresh: [] }} />
						) : (
							<Empty
								icon="cycle"
								title="No update has finished yet"
								action={<Link href={page.devices()}>Choose devices to update</Link>}
							>
								<p>Choose devices, then assign a release; or let a platform follow its channel.</p>
							</Empty>
						);
					}}
				</Ready>
			</Panel>
		</>
	);
}
