import { useState } from "preact/hooks";
import { platformGet, releaseGet } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Artifact, Platform, Release } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { useLoad } from "../api/useLoad.ts";
import { ReleaseDialog, WithdrawDialog } from "../forms/release.tsx";
import { api, page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty, Notice } from "../ui/feedback.tsx";
import { Icon } from "../ui/icon.tsx";
import { Mark } from "../ui/mark.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { count } from "../util/list.ts";
import { Ready } from "./parts/state.tsx";
import { ReleaseMark } from "./parts/states.tsx";

export function ReleasePage({ platform, version }: { platform: string; version: string }) {
	const release = useLoad(page.release(platform, version), (signal) => releaseGet(platform, version, signal));
	const owner = useLoad(page.platform(platform), (signal) => platformGet(platform, signal));
	const [asked, setAsked] = useState<"" | "release" | "withdraw">("");
	const denied = useDenied("release.manage");
	useLive((events) => {
		const mine = events.some(
			(e) => e.type === "release" && e.release.platform === platform && e.release.version === version,
		);
		if (mine) release.reload();
	});
	const r = release.data;
	const dialog = {
		platform: owner.data,
		onClose: () => setAsked(""),
		onDone: (next: Release) => release.change(() => next),
	};
	return (
		<>
			<PageHead
				title={`${platform} ${version}`}
				above={
					<Link class="back" href={page.releases({ platform })}>
						<Icon name="left" size={14} /> Releases of {platform}
					</Link>
				}
				beside={r ? <ReleaseMark state={r.state} /> : null}
				actions={r ? <Actions release={r} denied={denied} onAsk={setAsked} /> : null}
			/>
			<Ready of={release}>{(data) => <Details release={data} platform={owner.data} />}</Ready>
			{r && asked === "release" ? <ReleaseDialog release={r} {...dialog} /> : null}
			{r && asked === "withdraw" ? <WithdrawDialog release={r} {...dialog} /> : null}
		</>
	);
}

interface ActionsProps {
	release: Release;
	denied: string;
	onAsk: (what: "release" | "withdraw") => void;
}

function Actions({ release, denied, onAsk }: ActionsProps) {
	const { state } = release;
	return (
		<>
			{state === "withdrawn" || state === "draft" ? null : (
				<Button denied={denied} onClick={() => onAsk("withdraw")}>
					Withdraw
				</Button>
			)}
			{state === "withdrawn" ? null : (
				<Button
					kind={state === "released" ? "plain" : "primary"}
					denied={denied || (state === "draft" ? "Files are missing: upload them first" : "")}
					onClick={() => onAsk("release")}
				>
					{state === "released" ? "Change channel" : "Release"}
				</Button>
			)}
		</>
	);
}

function Details({ release: r, platform }: { release: Release; platform: Platform | null }) {
	return (
		<div class="columns">
			<div class="stack loose">
				{r.state === "draft" ? (
					<Notice tone="warn" title="Not complete yet">
						{r.artifacts.length} of {r.expected_count} files that SHA256SUMS names are here. Devices cannot be given
						this release.
					</Notice>
				) : null}
				{r.state === "withdrawn" ? (
					<Notice tone="warn" title="Withdrawn">
						{r.withdrawn_reason ? `${r.withdrawn_reason}. ` : ""}No device is offered this version any more.
					</Notice>
				) : null}
				<Panel
					title={
						r.artifacts.length < r.expected_count
							? `Files (${r.artifacts.length} of ${r.expected_count})`
							: `Files (${r.artifacts.length})`
					}
					flush
				>
					{r.artifacts.length > 0 ? (
						<ul class="artifacts">
							{r.artifacts.map((a) => (
								<ArtifactItem key={a.name} artifact={a} release={r} platform={platform} />
							))}
						</ul>
					) : (
						<Empty icon="file" title="No file yet" />
					)}
				</Panel>
				<Panel title="Verify it yourself">
					<div class="stack">
						<p class="muted">Download the files below and the two checksum files, then:</p>
						<Command text={"minisign -V -m SHA256SUMS -p release.pub && sha256sum -c SHA256SUMS"} />
						<div class="row">
							<a href={api.artifact(r.platform, r.version, "SHA256SUMS")} download="SHA256SUMS">
								SHA256SUMS
							</a>
							<a href={api.artifact(r.platform, r.version, "SHA256SUMS.minisig")} download="SHA256SUMS.minisig">
								SHA256SUMS.minisig
							</a>
						</div>
					</div>
				</Panel>
			</div>
			<aside class="stack loose" aria-label="About the release">
				<Panel title="Release">
					<Facts
						facts={[
							{ label: "Channel", value: r.channel ?? "none" },
							{
								label: "Running on",
								value: <Link href={page.devices({ platform: r.platform })}>{count(r.running_on, "device")}</Link>,
							},
							{ label: "Security counter", value: r.security_counter ?? "–" },
							{
								label: "Uploaded",
								value: <Time at={r.created_at} focusable />,
							},
							{ label: "By", value: r.created_by },
							{
								label: "Released",
								value: <Time at={r.released_at} none="not yet" focusable />,
							},
						]}
					/>
					{r.notes ? <p class="notes">{r.notes}</p> : null}
				</Panel>
				<Panel title="Signatures">
					<div class="stack">
						{r.sums_signed_by ? (
							<div class="stack tight">
								<Mark shape="seal" tone="ok">
									Checksums signed
								</Mark>
								<Value text={r.sums_signed_by} label="minisign key number" />
							</div>
						) : null}
						{r.signed_by.map((key) => (
							<div key={key} class="stack tight">
								<Mark shape="seal" tone="ok">
									Image signed
								</Mark>
								<Value text={key} label="key hash" short={20} />
								<KeyOrigin platform={platform} keyHash={key} />
							</div>
						))}
						{r.signed_by.length === 0 && !r.sums_signed_by ? <p class="muted">None</p> : null}
					</div>
				</Panel>
			</aside>
		</div>
	);
}

/** Whether the platform's key manifest still lists this key. */
function KeyOrigin({ platform, keyHash }: { platform: Platform | null; keyHash: string }) {
	const manifest = platform?.key_manifest;
	if (!manifest) return null;
	const key = manifest.keys.find((k) => k.key_hash === keyHash);
	return (
		<p class="muted small">
			{key ? `${key.alg} key in manifest ${manifest.sequence}` : `No longer in key manifest ${manifest.sequence}`}
		</p>
	);
}

function ArtifactItem({ artifact: a, release }: { artifact: Artifact; release: Release; platform: Platform | null }) {
	return (
		<li class="artifact">
			<div class="row">
				<Icon name="file" />
				<a href={api.artifact(release.platform, release.version, a.name)} download={a.name}>
					{a.name}
				</a>
				<span class="muted small">
					{bytes(a.size)} · {a.kind === "mcuboot" ? "MCUboot image" : "file"}
					{a.security_counter === null ? "" : ` · counter ${a.security_counter}`}
				</span>
			</div>
			<div class="digest">
				<span class="muted small">SHA-256</span>
				<Value text={a.sha256} label={`SHA-256 of ${a.name}`} />
			</div>
		</li>
	);
}
