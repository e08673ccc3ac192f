import type { DeviceState, ReleaseState, Update, UpdateState } from "../../api/types.ts";
import { isClosed } from "../../api/types.ts";
import { ProgressBar } from "../../ui/feedback.tsx";
import { Mark, type Shape, type Tone } from "../../ui/mark.tsx";
import { reasonText } from "../../util/words.ts";

interface Look {
	shape: Shape;
	tone: Tone;
	word: string;
	busy?: boolean;
}

export const DEVICE_STATES: DeviceState[] = ["online", "late", "offline", "never"];

const DEVICE: Record<DeviceState, Look> = {
	online: { shape: "disc", tone: "ok", word: "Online" },
	late: { shape: "half", tone: "warn", word: "Late" },
	offline: { shape: "ring", tone: "bad", word: "Offline" },
	never: { shape: "dash", tone: "idle", word: "Never seen" },
};

const UPDATE: Record<UpdateState, Look> = {
	pending: { shape: "clock", tone: "idle", word: "Waiting" },
	retrieved: { shape: "down", tone: "accent", word: "Accepted" },
	downloading: { shape: "down", tone: "accent", word: "Downloading" },
	downloaded: { shape: "into", tone: "accent", word: "Downloaded" },
	installing: { shape: "turn", tone: "accent", word: "Installing", busy: true },
	succeeded: { shape: "check", tone: "ok", word: "Succeeded" },
	failed: { shape: "cross", tone: "bad", word: "Failed" },
	cancelling: { shape: "stop", tone: "warn", word: "Cancelling" },
	cancelled: { shape: "stop", tone: "idle", word: "Cancelled" },
};

const RELEASE: Record<ReleaseState, Look> = {
	draft: { shape: "dash", tone: "idle", word: "Draft" },
	complete: { shape: "ring", tone: "accent", word: "Complete" },
	released: { shape: "seal", tone: "ok", word: "Released" },
	withdrawn: { shape: "stop", tone: "warn", word: "Withdrawn" },
};

/** A state this page does not know yet is shown as it came. */
function show(look: Look | undefined, state: string) {
	const { shape, tone, word, busy } = look ?? {
		shape: "ring" as const,
		tone: "idle" as const,
		word: state,
	};
	return (
		<Mark shape={shape} tone={tone} busy={busy ?? false}>
			{word}
		</Mark>
	);
}

export function deviceStateWord(state: DeviceState): string {
	return DEVICE[state].word;
}

export const UPDATE_STATES = Object.keys(UPDATE) as UpdateState[];

export function updateStateWord(state: UpdateState): string {
	return UPDATE[state].word;
}

export function DeviceMark({ state }: { state: DeviceState }) {
	return show(DEVICE[state], state);
}

export function UpdateMark({ state }: { state: UpdateState }) {
	return show(UPDATE[state], state);
}

export function ReleaseMark({ state }: { state: ReleaseState }) {
	return show(RELEASE[state], state);
}

/** How far an update is over its whole way, or null when its step does not say. */
export function progressOf(update: Pick<Update, "state" | "progress_percent">): number | null {
	switch (update.state) {
		case "pending":
			return 0;
		case "retrieved":
		case "downloading":
		case "downloaded":
		case "cancelling":
			return update.progress_percent ?? (update.state === "downloaded" ? 100 : 0);
		case "installing":
			return update.progress_percent;
		case "succeeded":
			return 100;
		case "failed":
		case "cancelled":
			return update.progress_percent ?? 0;
	}
}

export function UpdateEnded({ update }: { update: Pick<Update, "state" | "reason"> }) {
	return (
		<span class="ended">
			<UpdateMark state={update.state} />
			{update.reason ? (
				<span class="ended-why" title={reasonText(update.reason)}>
					{update.reason}
				</span>
			) : null}
		</span>
	);
}

/** State, bar and percent of an update that goes on; the state and the reason's short name once it has ended. */
export function UpdateProgress({ update }: { update: Update }) {
	if (isClosed(update)) return <UpdateEnded update={update} />;
	const percent = progressOf(update);
	return (
		<span class="progress">
			<UpdateMark state={update.state} />
			<ProgressBar percent={percent} label={`Update of ${update.device} to ${update.version}`} />
			<span class="progress-number">{percent === null ? "" : `${percent} %`}</span>
		</span>
	);
}
