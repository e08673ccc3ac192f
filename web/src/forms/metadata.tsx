import { useState } from "preact/hooks";
import {
	publicTargetsSet,
	type Repository,
	type Sent,
	signedFilePut,
	type WaitingFile,
	waitingDelete,
} from "../api/tuf.ts";
import { FileDrop } from "../ui/filedrop.tsx";
import { toast } from "../ui/toast.tsx";
import { count } from "../util/list.ts";
import { fileNameOf } from "../util/metadata.ts";
import { Confirm } from "./confirm.tsx";
import { FormDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

interface Chosen {
	file: File;
	/** As otad calls it; empty when it is no signed metadata. */
	name: string;
	signatures: number;
}

async function read(file: File, platform: string): Promise<Chosen> {
	try {
		const document = JSON.parse(await file.text()) as { signatures?: unknown; signed?: unknown };
		const signatures = Array.isArray(document.signatures) ? document.signatures.length : 0;
		return { file, name: fileNameOf(document.signed, platform), signatures };
	} catch {
		return { file, name: "", signatures: 0 };
	}
}

/** What has become of the file, for the toast. */
function outcome(name: string, { published, pending }: Sent): string {
	if (published.includes(name)) return `${name} is published`;
	const waits = pending.find((w) => w.file === name);
	if (waits === undefined) return `${name} was taken`;
	return waits.missing > 0
		? `${name} waits for ${count(waits.missing, "more signature", "more signatures")}`
		: `${name} is signed and waits for its counterpart`;
}

interface Props {
	platform: string;
	onClose: () => void;
	onDone: () => void;
}

/** A manager's signed file, whole or in part: it waits, or with the last signature it is published. */
export function SendDialog({ platform, onClose, onDone }: Props) {
	const [chosen, setChosen] = useState<Chosen | null>(null);
	const form = useSubmit(async () => {
		if (chosen === null) return;
		toast(outcome(chosen.name, await signedFilePut(platform, chosen.name, chosen.file)));
		onDone();
		onClose();
	});
	const take = async (files: File[]) => {
		form.clear();
		if (files[0]) setChosen(await read(files[0], platform));
	};
	const wrong = chosen !== null && chosen.name === "" ? `${chosen.file.name} is not a file that signer repo made` : "";
	return (
		<FormDialog
			title={`Send a signed file of ${platform}`}
			form={form}
			action="Send"
			denied={wrong || (chosen === null ? "Choose a file first" : "")}
			onClose={onClose}
		>
			<p>
				The file in <code>pending</code> of your repository after <code>signer repo cosign</code>. It waits here until
				enough managers have signed, and then goes out at once.
			</p>
			<FileDrop
				label={chosen?.file.name ?? "Signed file"}
				hint={
					chosen && !wrong
						? `${chosen.name} with ${count(chosen.signatures, "signature")}; click to choose another`
						: "Drop it here or click"
				}
				accept=".json"
				onFiles={(files) => void take(files)}
				error={wrong}
			/>
		</FormDialog>
	);
}

export function DeleteWaitingDialog({ platform, waiting: w, onClose, onDone }: Props & { waiting: WaitingFile }) {
	const remove = async () => {
		await waitingDelete(platform, w.id);
		toast(`${w.file} of ${platform} is deleted`);
		onDone();
		onClose();
	};
	const signed = w.signed_by.length;
	return (
		<Confirm
			title={`Delete ${w.file} of ${platform}?`}
			action={`Delete ${w.file}`}
			typed={w.file}
			danger
			onConfirm={remove}
			onClose={onClose}
		>
			<p>
				{signed > 0 ? (
					<>
						<strong>{count(signed, "signature")}</strong> on it {signed === 1 ? "goes" : "go"} with it.{" "}
					</>
				) : null}
				What is published stays as it is. Whoever still has the file can send it again.
			</p>
		</Confirm>
	);
}

/** Both ways are asked: one opens the firmware to everybody, the other shuts out who relies on it. */
export function PublicTargetsDialog({
	repository: r,
	onClose,
	onDone,
}: {
	repository: Repository;
	onClose: () => void;
	onDone: (next: Repository) => void;
}) {
	const opens = !r.public_targets;
	const change = async () => {
		const next = await publicTargetsSet(r.platform, opens);
		toast(opens ? `Listed files of ${r.platform} are public` : `Files of ${r.platform} need a right again`);
		onDone(next);
		onClose();
	};
	return (
		<Confirm
			title={opens ? `Make the files of ${r.platform} public?` : `Close the files of ${r.platform}?`}
			action={opens ? "Make them public" : "Close them"}
			danger={opens}
			onConfirm={change}
			onClose={onClose}
		>
			{opens ? (
				<p>
					<strong>Anybody who reaches this server</strong> can then download the {count(r.targets.length, "file")} that
					the signed list names, without signing in, and what it will name. What it does not list stays closed.
				</p>
			) : (
				<p>
					From then on a download takes a session, an API key or the device's own token. Clients without one, as a plain
					TUF client, are refused.
				</p>
			)}
		</Confirm>
	);
}
