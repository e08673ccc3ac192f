import { useState } from "preact/hooks";
import { releaseChange, releasePromote, releaseRelease, releaseWithdraw } from "../api/client.ts";
import type { Channel, Platform, Release } from "../api/types.ts";
import { SelectField, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { count } from "../util/list.ts";
import { Confirm } from "./confirm.tsx";
import { FormDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

interface ReleaseProps {
	release: Release;
	platform: Platform | null;
	onClose: () => void;
	onDone: (release: Release) => void;
}

const CHANNELS = [
	{ value: "stable", label: "stable" },
	{ value: "beta", label: "beta" },
];

export function ReleaseDialog({ release, platform, onClose, onDone }: ReleaseProps) {
	const [channel, setChannel] = useState<Channel>(release.channel ?? "stable");
	const form = useSubmit(async () => {
		const changed = await releaseRelease(release.platform, release.version, channel);
		toast(`${release.version} is released to ${channel}`);
		onDone(changed);
		onClose();
	}, ["/channel"]);
	const follows = platform?.follow_channel ?? false;
	return (
		<FormDialog
			title={`Release ${release.platform} ${release.version}`}
			form={form}
			action={`Release to ${channel}`}
			onClose={onClose}
		>
			<SelectField
				label="Channel"
				value={channel}
				options={CHANNELS}
				onChange={(v) => setChannel(v as Channel)}
				error={form.errorAt("/channel")}
			/>
			<p class="consequence">
				{follows ? (
					<>
						{release.platform} follows its channel: up to{" "}
						<strong>{count(platform?.device_count ?? 0, "device")}</strong> will be offered {release.version} at the
						next poll.
					</>
				) : (
					<>
						Nothing is sent to devices by this alone: {release.platform} does not follow its channel, so somebody has to
						assign it.
					</>
				)}{" "}
				Simple devices that ask for the newest build of {channel} get it at once.
			</p>
		</FormDialog>
	);
}

/** Moves a released version from beta to stable; there is no way back but a higher version. */
export function PromoteDialog({ release, platform, onClose, onDone }: ReleaseProps) {
	const promote = async () => {
		const changed = await releasePromote(release.platform, release.version, "stable");
		toast(`${release.version} is on stable now`);
		onDone(changed);
		onClose();
	};
	const offered = platform?.follow_channel
		? `${release.platform} follows its channel: devices on stable are offered ${release.version} at the next poll.`
		: `${release.platform} does not follow its channel, so nothing is sent to devices by this alone.`;
	return (
		<Confirm
			title={`Promote ${release.platform} ${release.version} to stable?`}
			action="Promote to stable"
			onConfirm={promote}
			onClose={onClose}
		>
			<p>
				{offered} <strong>It cannot go back to beta</strong>: what is wrong with it is put right by withdrawing it or by
				a higher version.
			</p>
		</Confirm>
	);
}

const VERSION = "\\d{1,3}\\.\\d{1,3}\\.\\d{1,5}(-[0-9A-Za-z.\\-]+)?(\\+\\d+)?";

/** What may be said about a release after it was signed: words, and who may update to it. */
export function EditReleaseDialog({ release, onClose, onDone }: ReleaseProps) {
	const [notes, setNotes] = useState(release.notes);
	const [minimum, setMinimum] = useState(release.minimum_version ?? "");
	const form = useSubmit(async () => {
		const changed = await releaseChange(release.platform, release.version, {
			notes,
			minimum_version: minimum === "" ? null : minimum,
		});
		toast(`${release.version} is changed`);
		onDone(changed);
		onClose();
	}, ["/notes", "/minimum_version"]);
	return (
		<FormDialog title={`Edit ${release.platform} ${release.version}`} form={form} action="Save" onClose={onClose}>
			<TextField
				label="Notes"
				value={notes}
				onInput={setNotes}
				rows={6}
				required={false}
				error={form.errorAt("/notes")}
				hint="What is new, for the people who decide about it"
			/>
			<TextField
				label="Minimum version"
				value={minimum}
				onInput={setMinimum}
				required={false}
				mono
				pattern={VERSION}
				placeholder="none"
				error={form.errorAt("/minimum_version")}
				hint="Devices below it are not given this release; they have to pass another one first"
			/>
		</FormDialog>
	);
}

function keepers(n: number): string {
	if (n === 0) return "No device runs it.";
	return n === 1 ? "The one device that runs it keeps it." : `The ${n} devices that run it keep it.`;
}

export function WithdrawDialog({ release, onClose, onDone }: ReleaseProps) {
	const [reason, setReason] = useState("");
	const form = useSubmit(async () => {
		const changed = await releaseWithdraw(release.platform, release.version, reason);
		toast(`${release.version} is withdrawn`);
		onDone(changed);
		onClose();
	}, ["/reason"]);
	return (
		<FormDialog
			title={`Withdraw ${release.platform} ${release.version}`}
			form={form}
			action="Withdraw"
			danger
			onClose={onClose}
		>
			<p class="consequence">
				No further device is offered {release.version}. {keepers(release.running_on)} The version number stays used.
			</p>
			<TextField
				label="Reason"
				value={reason}
				onInput={setReason}
				autofocus
				maxLength={500}
				error={form.errorAt("/reason")}
				hint="For the people who find it missing"
			/>
		</FormDialog>
	);
}
