import { useState } from "preact/hooks";
import { useMay } from "../api/session.ts";
import type { Repository, WaitingFile } from "../api/tuf.ts";
import { DeleteWaitingDialog, PublicTargetsDialog, SendDialog } from "../forms/metadata.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { initCommand } from "../util/commands.ts";
import { PlatformFilter } from "./parts/filters.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { PublishedPanel, ServerPanel } from "./parts/published.tsx";
import { useRepositories } from "./parts/repositories.ts";
import { Ready } from "./parts/state.tsx";
import { WaitingPanel } from "./parts/waiting.tsx";

/** What is asked in a dialog, and of which repository. */
type Asked =
	| { what: "" }
	| { what: "send" | "public"; repository: Repository }
	| { what: "delete"; repository: Repository; waiting: WaitingFile };

const NOTHING: Asked = { what: "" };

/** What waits for signatures and what is published, platform by platform; those where something waits come first. */
export function ReviewPage({ platform }: { platform: string }) {
	const list = useRepositories(platform);
	const platforms = usePlatforms();
	const [asked, setAsked] = useState<Asked>(NOTHING);
	return (
		<>
			<PageHead
				title="Review"
				actions={
					<Button icon="cycle" busy={list.loading && list.data !== null} onClick={list.reload}>
						Look again
					</Button>
				}
			/>
			<PlatformFilter value={platform} path={page.review} platforms={platforms.data ?? []} />
			<Ready of={list} rows={6}>
				{(all) => (
					<div class="stack loose">
						{all.filter(isKept).map((r) => (
							<PlatformSection key={r.platform} repository={r} onAsk={setAsked} />
						))}
						<Unprotected names={all.filter((r) => !isKept(r)).map((r) => r.platform)} any={all.length > 0} />
					</div>
				)}
			</Ready>
			<Asking
				asked={asked}
				onClose={() => setAsked(NOTHING)}
				onDone={list.reload}
				onChanged={(next) => list.change((all) => all.map((r) => (r.platform === next.platform ? next : r)))}
			/>
		</>
	);
}

interface AskingProps {
	asked: Asked;
	onClose: () => void;
	onDone: () => void;
	onChanged: (next: Repository) => void;
}

function Asking({ asked, onClose, onDone, onChanged }: AskingProps) {
	switch (asked.what) {
		case "":
			return null;
		case "send":
			return <SendDialog platform={asked.repository.platform} onClose={onClose} onDone={onDone} />;
		case "public":
			return <PublicTargetsDialog repository={asked.repository} onClose={onClose} onDone={onChanged} />;
		case "delete": {
			const { repository, waiting } = asked;
			return <DeleteWaitingDialog platform={repository.platform} waiting={waiting} onClose={onClose} onDone={onDone} />;
		}
	}
}

const isKept = (r: Repository) => r.protected || r.pending.length > 0;

function PlatformSection({ repository: r, onAsk }: { repository: Repository; onAsk: (asked: Asked) => void }) {
	const manages = useMay("release.manage", r.platform);
	const send = () => onAsk({ what: "send", repository: r });
	return (
		<section class="stack loose" aria-label={r.platform}>
			{r.pending.map((w) => (
				<WaitingPanel
					key={w.id}
					repository={r}
					waiting={w}
					onSend={send}
					onDelete={() => onAsk({ what: "delete", repository: r, waiting: w })}
				/>
			))}
			<PublishedPanel
				repository={r}
				actions={
					manages ? (
						<Button icon="upload" onClick={send}>
							Send a signed file
						</Button>
					) : (
						<span class="muted small">Its managers sign and send</span>
					)
				}
			/>
			<ServerPanel repository={r} onPublic={() => onAsk({ what: "public", repository: r })} />
		</section>
	);
}

function Unprotected({ names, any }: { names: string[]; any: boolean }) {
	if (!any)
		return (
			<Empty icon="shield" title="No platform yet" action={<Link href={page.platforms()}>Make the first one</Link>}>
				<p>What managers have to sign for a platform waits here.</p>
			</Empty>
		);
	const [first] = names;
	if (first === undefined) return null;
	return (
		<Panel title="Without signed metadata">
			<div class="stack">
				<p class="muted">
					Who may release here decides alone what goes out. A repository makes devices ask for the signatures of several
					managers, and believe no server without them:
				</p>
				<p class="row">
					{names.map((name) => (
						<Link key={name} href={page.platform(name)}>
							{name}
						</Link>
					))}
				</p>
				<Command text={initCommand(location.origin, first)} />
			</div>
		</Panel>
	);
}
