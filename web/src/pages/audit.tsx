import { useState } from "preact/hooks";
import { type AuditEntry, type AuditHead, auditHead, auditPage } from "../api/records.ts";
import { useDenied } from "../api/session.ts";
import { EVERYWHERE } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { usePaged } from "../api/usePaged.ts";
import { type AuditFilter, api, page } from "../paths.ts";
import type { Filter } from "../routes.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Choice, TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { type Difference, differences } from "../util/difference.ts";
import { FilterBar, platformOptions } from "./parts/filters.tsx";
import { More } from "./parts/more.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Paging } from "./parts/state.tsx";

export function AuditPage({ filter }: { filter: Filter<AuditFilter> }) {
	const list = usePaged(page.audit(filter), (after, signal) => auditPage(filter, after, signal));
	const head = useLoad("audit head", auditHead);
	const platforms = usePlatforms();
	const [exporting, setExporting] = useState(false);
	// One file of the whole chain: a part of it would prove nothing.
	const denied = useDenied("audit.read", EVERYWHERE);
	const filtered = Object.values(filter).some((v) => v !== "");
	const newest = head.data;
	return (
		<>
			<PageHead
				title="Audit log"
				beside={<span class="muted">every change, chained by its hash</span>}
				actions={
					<Button icon="download" denied={denied} onClick={() => setExporting(true)}>
						Export
					</Button>
				}
			/>
			{newest && newest.seq > 0 ? (
				<Panel>
					<div class="audit-head">
						<Icon name="shield" size={20} />
						<div class="stack tight grow">
							<p>
								<strong>Entry {newest.seq}</strong> is the newest, <Time at={newest.at} focusable />. Keep its hash
								somewhere else: it proves that nothing is cut off the end.
							</p>
							<Value text={headOf(newest)} label="the log's head" />
						</div>
					</div>
				</Panel>
			) : null}
			<FilterBar
				value={filter}
				path={page.audit}
				fields={[
					{ name: "actor", label: "Who", kind: "text" },
					{ name: "object", label: "Object", kind: "text" },
					{ name: "action", label: "Action", kind: "text" },
					{ name: "platform", label: "Platform", kind: platformOptions(platforms.data ?? []) },
					{ name: "from", label: "From", kind: "day" },
					{ name: "to", label: "To", kind: "day" },
				]}
			/>
			<Paging of={list}>
				{list.items.length > 0 ? (
					<section class="panel flush" aria-label="Entries">
						<ul class="entries">
							{list.items.map((e) => (
								<Entry key={e.seq} entry={e} />
							))}
						</ul>
					</section>
				) : filtered ? (
					<Empty icon="search" title="No entry matches" action={<Link href={page.audit()}>Show all entries</Link>} />
				) : (
					<Empty icon="book" title="Nothing has been changed yet">
						<p>Whatever somebody changes is written here: who, from where, what it was and what it is.</p>
					</Empty>
				)}
			</Paging>
			<More of={list} />
			{exporting ? <ExportDialog newest={newest} onClose={() => setExporting(false)} /> : null}
		</>
	);
}

/** The icon that stands for an action's noun. */
function nounIcon(action: string) {
	switch (action.split(".", 1)[0]) {
		case "release":
			return "box" as const;
		case "device":
		case "gateway":
			return "chip" as const;
		case "update":
			return "cycle" as const;
		case "platform":
			return "layers" as const;
		case "link":
			return "link" as const;
		case "api-key":
			return "key" as const;
		default:
			return "user" as const;
	}
}

function Entry({ entry: e }: { entry: AuditEntry }) {
	const changes = differences(e.before, e.after);
	return (
		<li>
			<details>
				<summary>
					<Icon name="right" size={14} />
					<span class="entry-icon">
						<Icon name={nounIcon(e.action)} />
					</span>
					<span class="entry-what">
						<strong>{e.actor}</strong> <code>{e.action}</code> <span class="wrap">{e.object}</span>
					</span>
					<span class="entry-brief muted small cut">{brief(changes)}</span>
					<span class="history-time muted">
						<Time at={e.at} />
					</span>
				</summary>
				<div class="entry-more">
					{changes.length > 0 ? <Changes changes={changes} /> : <p class="muted">No member was changed.</p>}
					<Facts
						facts={[
							{ label: "Entry", value: e.seq },
							{ label: "At", value: <Time at={e.at} focusable /> },
							{ label: "From", value: <code>{e.address || "otad itself"}</code> },
							e.platform
								? { label: "Platform", value: <Link href={page.platform(e.platform)}>{e.platform}</Link> }
								: null,
							{ label: "Hash before", value: <Value text={e.prev_hash} label="hash before" short={16} /> },
							{ label: "Hash", value: <Value text={e.hash} label={`hash of entry ${e.seq}`} short={16} /> },
						]}
					/>
				</div>
			</details>
		</li>
	);
}

/** The first change in a line: "state: released → withdrawn". */
function brief(changes: Difference[]): string {
	const [first, ...rest] = changes;
	if (!first) return "";
	const text = [first.before, first.after].filter((x) => x !== null).join(" → ");
	return `${first.path}: ${text}${rest.length > 0 ? `, and ${rest.length} more` : ""}`;
}

function Changes({ changes }: { changes: Difference[] }) {
	return (
		<table class="changes">
			<thead>
				<tr>
					<th scope="col">Member</th>
					<th scope="col">Before</th>
					<th scope="col">After</th>
				</tr>
			</thead>
			<tbody>
				{changes.map((c) => (
					<tr key={c.path}>
						<th scope="row">
							<code>{c.path}</code>
						</th>
						<td>{c.before === null ? <span class="muted">–</span> : <del>{c.before}</del>}</td>
						<td>{c.after === null ? <span class="muted">–</span> : <ins>{c.after}</ins>}</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}

const FORMATS = [
	{ value: "jsonl", label: "JSON lines" },
	{ value: "csv", label: "CSV" },
];

/** As `signer audit verify --head` takes it. */
function headOf(head: AuditHead): string {
	return `${head.seq}:${head.hash}`;
}

function ExportDialog({ newest, onClose }: { newest: AuditHead | null; onClose: () => void }) {
	const [from, setFrom] = useState("");
	const [to, setTo] = useState("");
	const [format, setFormat] = useState<"jsonl" | "csv">("jsonl");
	const isNumber = (text: string) => text === "" || /^[1-9]\d{0,15}$/.test(text);
	const wrong = !isNumber(from) || !isNumber(to) || (from !== "" && to !== "" && Number(from) > Number(to));
	const bad = (text: string) => (isNumber(text) ? "" : "A number, as in 42");
	return (
		<Dialog title="Export the audit log" onClose={onClose}>
			<div class="form">
				<p>
					All entries of a range, oldest first, whatever the filter of the page is. The file proves itself: nobody can
					change, remove or reorder an entry unnoticed.
				</p>
				<div class="form-two">
					<TextField
						label="From entry"
						value={from}
						onInput={setFrom}
						required={false}
						placeholder="1"
						error={bad(from)}
					/>
					<TextField
						label="To entry"
						value={to}
						onInput={setTo}
						required={false}
						placeholder={newest ? String(newest.seq) : ""}
						error={bad(to) || (wrong && isNumber(from) ? "Not below the first" : "")}
					/>
				</div>
				<Choice label="Format" value={format} onChange={(v) => setFormat(v as "jsonl" | "csv")} options={FORMATS} />
				{format === "jsonl" ? (
					<div class="stack">
						<p class="muted small">Check it offline; the head shows that nothing is cut off the end</p>
						<Command
							text={`signer audit verify audit.jsonl${newest && to === "" ? ` --head ${headOf(newest)}` : ""}`}
						/>
					</div>
				) : (
					<p class="muted small">For a spreadsheet. `signer audit verify` reads the other format.</p>
				)}
				<div class="form-end">
					<Button onClick={onClose}>Close</Button>
					{wrong ? (
						<Button kind="primary" denied="The range is not right">
							Save
						</Button>
					) : (
						<a
							class="button primary"
							href={api.auditExport({ from_seq: from, to_seq: to, format })}
							download={`audit.${format}`}
						>
							<Icon name="download" />
							Save
						</a>
					)}
				</div>
			</div>
		</Dialog>
	);
}
