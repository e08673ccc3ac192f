import { useMemo, useState } from "preact/hooks";
import type { Platform } from "../api/types.ts";
import { Command } from "../ui/copy.tsx";
import { Notice, ProgressBar } from "../ui/feedback.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { FileDrop } from "../ui/filedrop.tsx";
import { Mark } from "../ui/mark.tsx";
import { toast } from "../ui/toast.tsx";
import { bytes } from "../util/bytes.ts";
import { publishCommand } from "../util/commands.ts";
import { FormDialog } from "./dialog.tsx";
import { addFiles, type Dropped, examine, MINISIG_NAME, NOTHING, SUMS_NAME, send, type UploadFile } from "./upload.ts";
import { useSubmit } from "./useSubmit.ts";

interface UploadProps {
	platforms: Platform[];
	platform: string;
	onClose: () => void;
	onDone: (platform: string, version: string) => void;
}

export function UploadDialog({ platforms, platform: preset, onClose, onDone }: UploadProps) {
	const [dropped, setDropped] = useState<Dropped>(NOTHING);
	const [chosen, setChosen] = useState(preset);
	const [typed, setTyped] = useState("");
	const [notes, setNotes] = useState("");
	const verdict = useMemo(() => examine(dropped), [dropped]);
	const platform = verdict.facts?.platform ?? (chosen || platforms[0]?.name || "");
	const version = verdict.facts?.version ?? typed;
	const known = platforms.some((p) => p.name === platform);
	const blocked =
		verdict.obstacle || (known ? "" : `There is no platform ${platform}`) || (version ? "" : "The version is missing");
	const report = (name: string, change: Partial<UploadFile>) =>
		setDropped((d) => ({
			...d,
			files: d.files.map((f) => (f.name === name ? { ...f, ...change } : f)),
		}));
	const form = useSubmit(async () => {
		const ready = dropped.files.map((f) => ({
			...f,
			step: "ready" as const,
			why: "",
		}));
		await send({ platform, version, notes }, { ...dropped, files: ready }, report);
		toast(`${platform} ${version} is uploaded`);
		onDone(platform, version);
	});
	const take = (files: File[]) => {
		form.clear();
		void addFiles(dropped, files).then(setDropped);
	};
	const empty = dropped.sums === null && dropped.minisig === null && dropped.files.length === 0;
	return (
		<FormDialog
			title="Upload a release"
			form={form}
			action={version && !empty ? `Upload ${version}` : "Upload"}
			icon="upload"
			denied={empty ? "Drop the files first" : blocked}
			bound={form.pending ? "The upload is under way" : ""}
			wide
			onClose={onClose}
		>
			<FileDrop
				label="Drop a signed release here"
				hint={`The image files, ${SUMS_NAME} and ${MINISIG_NAME}; or click to choose them`}
				multiple
				onFiles={take}
			/>
			{empty ? (
				<div class="stack">
					<p class="muted small">CI does the same in one line, and makes the two checksum files:</p>
					<Command text={publishCommand(location.origin, platform || "NAME", "1.1.0")} />
				</div>
			) : (
				<FileList
					dropped={dropped}
					files={verdict.files}
					missing={verdict.missing}
					keyNumber={verdict.facts?.key_number ?? ""}
				/>
			)}
			{verdict.facts?.platform && verdict.facts.version ? (
				<p class="consequence">
					Signed for <strong>{verdict.facts.platform}</strong> as version <strong>{verdict.facts.version}</strong>
					{verdict.facts.counter === null ? "" : `, security counter ${verdict.facts.counter}`}. The server checks the
					signature before it keeps anything.
				</p>
			) : empty ? null : (
				<div class="form-two">
					<SelectField
						label="Platform"
						value={platform}
						options={platforms.map((p) => ({ value: p.name, label: p.name }))}
						onChange={setChosen}
					/>
					<TextField label="Version" value={typed} onInput={setTyped} placeholder="1.1.0" maxLength={64} />
				</div>
			)}
			{empty ? null : (
				<TextField label="Notes" required={false} rows={2} value={notes} onInput={setNotes} maxLength={2000} />
			)}
			{!empty && blocked ? <Notice tone="warn" title={`${blocked}.`} /> : null}
		</FormDialog>
	);
}

interface FileListProps {
	dropped: Dropped;
	files: UploadFile[];
	missing: string[];
	keyNumber: string;
}

function FileList({ dropped, files, missing, keyNumber }: FileListProps) {
	return (
		<ul class="files" aria-label="Files of this release">
			<li class="file">
				<code class="grow cut">{SUMS_NAME}</code>
				{dropped.sums === null ? <Absent /> : <Present word="Read" />}
			</li>
			<li class="file">
				<code class="grow cut">{MINISIG_NAME}</code>
				{keyNumber ? <span class="muted small">key {keyNumber}</span> : null}
				{dropped.minisig === null ? <Absent /> : <Present word="Read" />}
			</li>
			{files.map((f) => (
				<li class="file" key={f.name}>
					<span class="grow cut">
						<code>{f.name}</code> <span class="muted small">{bytes(f.size)}</span>
					</span>
					<FileState file={f} />
				</li>
			))}
			{missing.map((name) => (
				<li class="file" key={name}>
					<code class="grow cut">{name}</code>
					<Absent />
				</li>
			))}
		</ul>
	);
}

function Present({ word }: { word: string }) {
	return (
		<Mark shape="check" tone="ok">
			{word}
		</Mark>
	);
}

function Absent() {
	return (
		<Mark shape="dash" tone="warn">
			Missing
		</Mark>
	);
}

function FileState({ file }: { file: UploadFile }) {
	switch (file.step) {
		case "ready":
			return <Present word="SHA-256 matches" />;
		case "sending": {
			const percent = file.size === 0 ? 100 : Math.floor((file.sent * 100) / file.size);
			return (
				<span class="progress">
					<ProgressBar percent={percent} label={`Upload of ${file.name}`} />
					<span class="progress-number">{percent} %</span>
				</span>
			);
		}
		case "stored":
			return <Present word="Stored" />;
		case "wrong":
		case "refused":
			return (
				<Mark shape="cross" tone="bad">
					{file.why}
				</Mark>
			);
	}
}
