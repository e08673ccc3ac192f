import type { Artifact, ArtifactKind, ReleaseStep } from "../../api/types.ts";
import { Mark, type Shape, type Tone } from "../../ui/mark.tsx";
import { Time } from "../../ui/time.tsx";
import { bytes } from "../../util/bytes.ts";

const KINDS: Record<ArtifactKind, string> = {
	mcuboot: "MCUboot image",
	esp: "ESP image",
	uf2: "UF2 file",
	"cortex-m": "Cortex-M binary",
	cyclonedx: "CycloneDX bill of materials",
	spdx: "SPDX bill of materials",
	file: "file",
};

/** A kind this page does not know yet is shown as it came. */
export function kindWords(kind: ArtifactKind): string {
	return KINDS[kind] ?? kind;
}

function word(key: string, value: unknown): string {
	if (typeof value === "number" && key.endsWith("_bytes")) return bytes(value);
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (typeof value === "string" || typeof value === "number") return String(value);
	return JSON.stringify(value);
}

/** What was read from the file, as label and value: "flash_bytes": 4194304 becomes "flash 4 MiB". */
export function detailsOf({ details }: Pick<Artifact, "details">): { label: string; value: string }[] {
	return Object.entries(details ?? {})
		.filter(([, value]) => value !== null && value !== "")
		.map(([key, value]) => ({ label: key.replace(/_bytes$/, "").replaceAll("_", " "), value: word(key, value) }));
}

const STEPS: Record<ReleaseStep["step"], { shape: Shape; tone: Tone; word: string }> = {
	created: { shape: "dash", tone: "idle", word: "Created" },
	complete: { shape: "ring", tone: "accent", word: "Complete" },
	released: { shape: "seal", tone: "ok", word: "Released" },
	promoted: { shape: "into", tone: "accent", word: "Promoted" },
	withdrawn: { shape: "stop", tone: "warn", word: "Withdrawn" },
	changed: { shape: "turn", tone: "idle", word: "Changed" },
};

/** The steps of a release's life, oldest first. */
export function History({ steps }: { steps: ReleaseStep[] }) {
	const inOrder = [...steps].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
	return (
		<ol class="timeline life">
			{inOrder.map((s) => {
				const look = STEPS[s.step] ?? { shape: "ring" as const, tone: "idle" as const, word: s.step };
				return (
					<li key={`${s.at} ${s.step} ${s.detail}`}>
						<Mark shape={look.shape} tone={look.tone}>
							{look.word}
						</Mark>
						<span class="timeline-details muted">{[`by ${s.by}`, s.detail].filter(Boolean).join(" · ")}</span>
						<span class="timeline-time muted">
							<Time at={s.at} focusable />
						</span>
					</li>
				);
			})}
		</ol>
	);
}
