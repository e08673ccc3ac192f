import { useRef, useState } from "preact/hooks";
import { platformList, releaseGet, releaseList } from "../api/client.ts";
import { espManifest, espPart } from "../api/flash.ts";
import type { Artifact, Platform, Release } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import type { Phase, Piece } from "../flash/loader.ts";
import {
	artifactOf,
	type Build,
	buildFor,
	fileName,
	hexAddress,
	type Manifest,
	writeCommand,
} from "../flash/manifest.ts";
import { Refused, type Trouble, troubleOf } from "../flash/words.ts";
import { api, page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty, Notice, ProgressBar } from "../ui/feedback.tsx";
import { CheckField, Choice, Select, SelectField } from "../ui/field.tsx";
import { Mark, type Shape, type Tone } from "../ui/mark.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { bytes, sha256 } from "../util/bytes.ts";
import { navigate } from "../util/location.ts";
import { Ready } from "./parts/state.tsx";

const SPEEDS = [
	{ value: "115200", label: "115,200 baud: slow and safe" },
	{ value: "460800", label: "460,800 baud" },
	{ value: "921600", label: "921,600 baud: short cables only" },
];

const PHASES: { phase: Phase; doing: string; done: string }[] = [
	{ phase: "connect", doing: "Connecting to the board", done: "Connected" },
	{ phase: "check", doing: "Fetching and checking the file", done: "File checked" },
	{ phase: "erase", doing: "Erasing the whole flash", done: "Flash erased" },
	{ phase: "write", doing: "Writing", done: "Written" },
	{ phase: "compare", doing: "Comparing what the board holds", done: "Compared: it holds the same" },
	{ phase: "restart", doing: "Restarting the board", done: "Restarted" },
];

interface Props {
	platform: string;
	channel: string;
}

interface Found {
	platforms: Platform[];
	/** Those that look as if they could be written this way, the likely one first. */
	likely: string[];
}

async function find(signal: AbortSignal): Promise<Found> {
	const [platforms, releases] = await Promise.all([platformList(signal), releaseList(undefined, signal)]);
	const isEsp = (r: Release) => r.artifacts.some((a) => a.kind === "esp" || /esp(32|8266)/i.test(a.name));
	const owners = new Set(releases.filter((r) => r.state === "released" && isEsp(r)).map((r) => r.platform));
	const likely = platforms.map((p) => p.name).filter((name) => owners.has(name) || /esp(32|8266)/i.test(name));
	return { platforms, likely };
}

export function FlashPage({ platform, channel }: Props) {
	const found = useLoad("flash platforms", find);
	return (
		<>
			<PageHead title="Flash" beside={<span class="muted">an ESP32 or ESP8266 on a USB port of this computer</span>} />
			<Ready of={found}>
				{({ platforms, likely }) => {
					const names = likely.length > 0 ? likely : platforms.map((p) => p.name);
					const chosen = platform || names[0] || "";
					if (chosen === "") {
						return (
							<Empty
								icon="usb"
								title="There is nothing to write yet"
								action={<Link href={page.platforms()}>Make a platform</Link>}
							/>
						);
					}
					return (
						<Flasher
							key={`${chosen} ${channel}`}
							platform={chosen}
							channel={channel === "beta" ? "beta" : "stable"}
							names={names.includes(chosen) ? names : [chosen, ...names]}
						/>
					);
				}}
			</Ready>
		</>
	);
}

interface Offer {
	manifest: Manifest | null;
	/** Of the release that the manifest names: whose signed sums vouch for the files. */
	artifacts: Artifact[];
}

async function loadOffer(platform: string, channel: string, signal: AbortSignal): Promise<Offer> {
	try {
		const manifest = await espManifest(platform, channel, signal);
		const release = await releaseGet(platform, manifest.version, signal);
		return { manifest, artifacts: release.artifacts };
	} catch (error) {
		const missing = typeof error === "object" && error !== null && "status" in error && error.status === 404;
		if (missing) return { manifest: null, artifacts: [] };
		throw error;
	}
}

type Run =
	| { is: "idle" }
	| { is: "running"; phase: Phase; share: number }
	| { is: "done" }
	| { is: "failed"; phase: Phase; trouble: Trouble };

function Flasher({ platform, channel, names }: Props & { names: string[] }) {
	const offer = useLoad(`offer ${platform} ${channel}`, (signal) => loadOffer(platform, channel, signal));
	const [eraseAll, setEraseAll] = useState(false);
	const [speed, setSpeed] = useState("460800");
	const work = useFlashing();
	const running = work.run.is === "running";
	const supported = "serial" in navigator;
	const go = (change: Partial<Props>) => navigate(page.flash({ platform, channel, ...change }), true);
	const start = (data: Offer) => {
		if (data.manifest) void work.start({ platform, channel, offer: data, eraseAll, baud: Number(speed) });
	};
	return (
		<>
			{supported ? null : <NoSerial />}
			<div class="filters">
				<Select
					label="Platform"
					value={platform}
					options={names.map((name) => ({ value: name, label: name }))}
					onChange={(value) => go({ platform: value })}
				/>
				<Choice
					label="Channel"
					value={channel}
					options={[
						{ value: "stable", label: "stable" },
						{ value: "beta", label: "beta" },
					]}
					onChange={(value) => go({ channel: value })}
				/>
			</div>
			<Ready of={offer}>
				{(data) =>
					data.manifest === null ? (
						<NoOffer platform={platform} channel={channel} />
					) : (
						<div class="columns">
							<div class="stack loose">
								<Panel title={`Write ${platform} ${data.manifest.version}`}>
									<div class="form">
										<div class="form-two">
											<SelectField label="Speed" value={speed} options={SPEEDS} onChange={setSpeed} />
											<CheckField
												label="Erase the whole flash first"
												hint="Also settings, keys and Wi-Fi passwords that the board keeps"
												checked={eraseAll}
												onChange={setEraseAll}
												disabled={running}
											/>
										</div>
										<div class="form-end start">
											<Button
												kind="primary"
												icon="usb"
												busy={running}
												denied={supported ? "" : "This browser has no Web Serial"}
												onClick={() => start(data)}
											>
												{running
													? "Writing"
													: work.run.is === "done"
														? "Write another board"
														: "Choose the port and write"}
											</Button>
											<span class="muted small">
												The board is asked what it is; a file for another chip is never written.
											</span>
										</div>
										<Progress work={work} eraseAll={eraseAll} platform={platform} />
									</div>
								</Panel>
								{work.log.length > 0 ? <Log lines={work.log} /> : null}
							</div>
							<aside class="stack loose" aria-label="What is written">
								<Builds
									platform={platform}
									version={data.manifest.version}
									builds={data.manifest.builds}
									offer={data}
								/>
							</aside>
						</div>
					)
				}
			</Ready>
		</>
	);
}

interface Task {
	platform: string;
	channel: string;
	offer: Offer;
	eraseAll: boolean;
	baud: number;
}

interface Work {
	run: Run;
	chip: string;
	log: string[];
	start: (task: Task) => Promise<void>;
}

/** Fetches the files for a chip; each must be what the release's signed sums say. */
async function piecesFor(chip: string, { platform, channel, offer }: Task): Promise<Piece[]> {
	const build = offer.manifest ? buildFor(offer.manifest, chip) : undefined;
	if (!build) {
		const made = offer.manifest?.builds.map((b) => b.chipFamily).join(", ") ?? "no chip";
		throw new Refused(`This board is an ${chip}`, `The release is made for ${made}. Nothing was written.`);
	}
	return Promise.all(
		build.parts.map(async (part): Promise<Piece> => {
			const data = await espPart(platform, channel, part);
			const artifact = artifactOf(part, offer.artifacts);
			const digest = await sha256(data.slice().buffer);
			if (artifact?.sha256 !== digest) {
				throw new Refused(
					`${fileName(part)} is not the file of the release`,
					"Its SHA-256 differs from the signed checksums. Nothing was written.",
				);
			}
			return { data, address: part.offset, md5: part.md5 ?? "" };
		}),
	);
}

function useFlashing(): Work {
	const [run, setRun] = useState<Run>({ is: "idle" });
	const [chip, setChip] = useState("");
	const [log, setLog] = useState<string[]>([]);
	const phase = useRef<Phase>("connect");
	const start = async (task: Task) => {
		let port: SerialPort;
		try {
			// First of all: the browser asks only in answer to a click.
			port = await navigator.serial.requestPort();
		} catch {
			return;
		}
		setLog([]);
		setChip("");
		phase.current = "connect";
		setRun({ is: "running", phase: "connect", share: 0 });
		try {
			const { flash } = await import("../flash/loader.ts");
			await flash({
				port,
				baud: task.baud,
				eraseAll: task.eraseAll,
				choose: (name) => piecesFor(name, task),
				onPhase: (next) => {
					phase.current = next;
					setRun({ is: "running", phase: next, share: 0 });
				},
				onChip: setChip,
				onProgress: (share) => setRun({ is: "running", phase: "write", share }),
				onLog: (line) => setLog((lines) => [...lines.slice(-199), line]),
			});
			setRun({ is: "done" });
		} catch (error) {
			setRun({ is: "failed", phase: phase.current, trouble: troubleOf(error) });
		}
	};
	return { run, chip, log, start };
}

function NoSerial() {
	return (
		<Notice tone="warn" title="This browser cannot reach a USB port">
			It lacks Web Serial. Use a current Chrome, Edge, Opera or Firefox on a computer; phones and Safari have none. Or
			write the file by hand, as said beside.
		</Notice>
	);
}

function NoOffer({ platform, channel }: { platform: string; channel: string }) {
	return (
		<Empty
			icon="usb"
			title={`Nothing on ${channel} can be written over USB`}
			action={<Link href={page.releases({ platform })}>Releases of {platform}</Link>}
		>
			<p>
				A release is written when a file's name tells the chip, as in <code>firmware-esp32-s3.factory.bin</code>, and it
				is released to this channel.
			</p>
		</Empty>
	);
}

/** Where each phase stands: before, in or after it. */
function Progress({ work, eraseAll, platform }: { work: Work; eraseAll: boolean; platform: string }) {
	const { run, chip } = work;
	if (run.is === "idle") return null;
	const phases = PHASES.filter((p) => p.phase !== "erase" || eraseAll);
	const at = run.is === "done" ? phases.length : phases.findIndex((p) => p.phase === run.phase);
	return (
		<div class="stack loose">
			<ol class="flash-steps" aria-label="Progress">
				{phases.map((p, i) => {
					const now = i === at;
					const look: { shape: Shape; tone: Tone } =
						i < at
							? { shape: "check", tone: "ok" }
							: !now
								? { shape: "ring", tone: "idle" }
								: run.is === "failed"
									? { shape: "cross", tone: "bad" }
									: { shape: "turn", tone: "accent" };
					return (
						<li key={p.phase} aria-current={now ? "step" : undefined}>
							<Mark {...look} busy={now && run.is === "running"}>
								{i < at ? p.done : p.doing}
								{p.phase === "connect" && chip !== "" ? <span class="muted">: {chip}</span> : null}
							</Mark>
							{now && p.phase === "write" && run.is === "running" ? (
								<span class="flash-bar">
									<ProgressBar percent={Math.round(run.share * 100)} label="Written" />
									<span class="progress-number">{Math.round(run.share * 100)} %</span>
								</span>
							) : null}
						</li>
					);
				})}
			</ol>
			{run.is === "failed" ? (
				<Notice tone="bad" title={run.trouble.title}>
					{run.trouble.text}
				</Notice>
			) : null}
			{run.is === "done" ? (
				<Notice tone="ok" title="The board is written and runs again">
					<Link href={page.devices({ platform })}>Watch the devices of {platform}</Link> for its first poll.
				</Notice>
			) : null}
		</div>
	);
}

function Log({ lines }: { lines: string[] }) {
	return (
		<details class="panel flash-log">
			<summary>What the board said</summary>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so it must be reachable by keyboard */}
			<pre tabIndex={0}>{lines.join("\n")}</pre>
		</details>
	);
}

interface BuildsProps {
	platform: string;
	version: string;
	builds: Build[];
	offer: Offer;
}

function Builds({ platform, version, builds, offer }: BuildsProps) {
	return (
		<>
			{builds.map((b) => (
				<Panel key={b.chipFamily} title={`For ${b.chipFamily}`}>
					<div class="stack">
						{b.parts.map((p) => {
							const artifact = artifactOf(p, offer.artifacts);
							return (
								<div key={p.path} class="stack tight">
									<a class="wrap" href={api.artifact(platform, version, fileName(p))} download={fileName(p)}>
										{fileName(p)}
									</a>
									<span class="muted small">
										at <code>{hexAddress(p.offset)}</code>
										{artifact ? ` · ${bytes(artifact.size)}` : ""}
									</span>
									{artifact ? <Value text={artifact.sha256} label={`SHA-256 of ${artifact.name}`} short={20} /> : null}
								</div>
							);
						})}
						<p class="muted small">By hand</p>
						<Command text={writeCommand(b)} />
					</div>
				</Panel>
			))}
		</>
	);
}
