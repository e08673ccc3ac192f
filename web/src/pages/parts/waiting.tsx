import type { ComponentChildren } from "preact";
import { useMay } from "../../api/session.ts";
import { publishedGet, type Repository, type WaitingFile, waitingGet } from "../../api/tuf.ts";
import { useLoad } from "../../api/useLoad.ts";
import { api } from "../../paths.ts";
import { Button } from "../../ui/button.tsx";
import { Command, Value } from "../../ui/copy.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mark, type Shape, type Tone } from "../../ui/mark.tsx";
import { Facts, Panel } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import { cosignCommand } from "../../util/commands.ts";
import { count } from "../../util/list.ts";
import { changesBetween, type Sign } from "../../util/metadata.ts";
import { Expiry, KEY_SHOWN } from "./published.tsx";
import { Ready } from "./state.tsx";

const STATE: Record<WaitingFile["waits_for"], string> = {
	signatures: "Waits for signatures",
	targets: "Waits for new targets",
	role: "Waits for the platform's new list",
};

/** What has to happen before it is published. */
const NEXT: Record<WaitingFile["waits_for"], string> = {
	signatures: "",
	targets: "Fully signed. It changes who signs targets, so it goes out together with targets signed by those.",
	role: "Fully signed. It changes who signs the platform's list, so it goes out together with a list signed by those.",
};

interface Props {
	repository: Repository;
	waiting: WaitingFile;
	onSend: () => void;
	onDelete: () => void;
}

/** A file that waits: what it changes, who has signed, and what a manager does about it. */
export function WaitingPanel({ repository, waiting: w, onSend, onDelete }: Props) {
	const { platform } = repository;
	const manages = useMay("release.manage", platform);
	const state = w.missing > 0 ? `${count(w.missing, "signature")} missing` : STATE[w.waits_for];
	return (
		<Panel
			title={`${platform}: ${w.file}`}
			beside={
				<Mark shape="half" tone="warn">
					{state}
				</Mark>
			}
		>
			<div class="stack loose">
				<Facts
					facts={[
						{ label: "Expires", value: <Expiry file={w} /> },
						{
							label: "Sent",
							value: (
								<>
									<Time at={w.submitted_at} focusable /> by {w.submitted_by}
								</>
							),
						},
					]}
				/>
				<Part title="What it changes">
					<Changes repository={repository} waiting={w} />
				</Part>
				<Part title={`Signatures: ${w.signed_by.length} of ${w.threshold} needed`}>
					<ul class="keys">
						{w.keys.map((id) => (
							<Signer key={id} id={id} has={w.signed_by.includes(id)} />
						))}
					</ul>
					<p class="muted">
						{w.missing > 0
							? `${w.missing} more of these keys must sign; the last signature publishes it.`
							: NEXT[w.waits_for]}
					</p>
				</Part>
				{manages ? <ToDo repository={repository} waiting={w} onSend={onSend} onDelete={onDelete} /> : null}
			</div>
		</Panel>
	);
}

function ToDo({ repository: { platform }, waiting: w, onSend, onDelete }: Props) {
	return (
		<Part title={w.missing > 0 ? "Sign it, on a manager's own machine" : "Keep or drop it"}>
			{w.missing > 0 ? (
				<>
					<Command text={cosignCommand(location.origin)} />
					<p class="muted">On a machine without a network: save the file, cosign it there, and send it here.</p>
				</>
			) : null}
			<div class="row">
				<a class="button" href={api.tufWaiting(platform, w.id)} download={w.file}>
					<Icon name="download" />
					<span class="cut">Save {w.file}</span>
				</a>
				{w.missing > 0 ? (
					<Button icon="upload" onClick={onSend}>
						Send it signed
					</Button>
				) : null}
				<span class="grow" />
				<Button icon="bin" kind="quiet" label={`Delete ${w.file} of ${platform}`} onClick={onDelete}>
					Delete
				</Button>
			</div>
		</Part>
	);
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
	return (
		<div class="stack">
			<h3>{title}</h3>
			{children}
		</div>
	);
}

function Signer({ id, has }: { id: string; has: boolean }) {
	return (
		<li>
			<Icon name="key" />
			<Value text={id} label={`key id ${id.slice(0, KEY_SHOWN)}`} short={KEY_SHOWN} />
			<Mark shape={has ? "check" : "ring"} tone={has ? "ok" : "idle"}>
				{has ? "Signed" : "Not yet"}
			</Mark>
		</li>
	);
}

const SIGNS: Record<Sign, { shape: Shape; tone: Tone; word: string }> = {
	added: { shape: "into", tone: "ok", word: "Added" },
	removed: { shape: "stop", tone: "bad", word: "Removed" },
	changed: { shape: "turn", tone: "accent", word: "Changed" },
};

/** The waiting file against the one that stands. */
function Changes({ repository: r, waiting: w }: { repository: Repository; waiting: WaitingFile }) {
	const stands = r.roles.find((f) => f.role === w.role);
	const changes = useLoad(`${w.id} ${stands?.file ?? ""}`, async (signal) => {
		const [before, after] = await Promise.all([
			stands ? publishedGet(r, stands.file, signal) : null,
			waitingGet(r.platform, w.id, signal),
		]);
		return changesBetween(before?.signed ?? null, after.signed);
	});
	return (
		<Ready of={changes} rows={1}>
			{(list) =>
				list.length > 0 ? (
					<ul class="keys" aria-label={`What ${w.file} changes`}>
						{list.map((c) => (
							<li key={`${c.sign} ${c.text}`}>
								<Mark shape={SIGNS[c.sign].shape} tone={SIGNS[c.sign].tone}>
									{SIGNS[c.sign].word}
								</Mark>
								<span class="wrap">{c.text}</span>
							</li>
						))}
					</ul>
				) : (
					<p class="muted">Nothing but its version and expiry.</p>
				)
			}
		</Ready>
	);
}
