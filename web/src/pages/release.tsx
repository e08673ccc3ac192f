import { useState } from "preact/hooks";
import { platformGet, releaseGet } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Artifact, Platform, Release, Sbom } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { useLoad } from "../api/useLoad.ts";
import { NewLinkDialog } from "../forms/link.tsx";
import { EditReleaseDialog, PromoteDialog, ReleaseDialog, WithdrawDialog } from "../forms/release.tsx";
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
import { detailsOf, History, kindWords } from "./parts/life.tsx";
import { Ready } from "./parts/state.tsx";
import { ReleaseMark } from "./parts/states.tsx";

export function ReleasePage({ platform, version }: { platform: string; version: string }) {
	const release = useLoad(page.release(platform, version), (signal) => releaseGet(platform, version, signal));
	const owner = useLoad(page.platform(platform), (signal) => platformGet(platform, signal));
	const [asked, setAsked] = useState<Asked>("");
	const [linked, setLinked] = useState<Artifact | null>(null);
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
		onDone: (next: Release) => {
			release.change((old) => ({ ...old, ...next }));
			release.reload();
		},
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
				actions={r ? <Actions release={r} onAsk={setAsked} /> : null}
			/>
			<Ready of={release}>
				{(data) => <Details release={data} platform={owner.data} onEdit={() => setAsked("edit")} onLink={setLinked} />}
			</Ready>
			{r && asked === "release" ? <ReleaseDialog release={r} {...dialog} /> : null}
			{r && asked === "promote" ? <PromoteDialog release={r} {...dialog} /> : null}
			{r && asked === "edit" ? <EditReleaseDialog release={r} {...dialog} /> : null}
			{r && asked === "withdraw" ? <WithdrawDialog release={r} {...dialog} /> : null}
			{linked ? (
				<NewLinkDialog
					target={{ platform, version, artifact: linked.name, size: linked.size }}
					onClose={() => setLinked(null)}
					onDone={() => undefined}
				/>
			) : null}
		</>
	);
}

type Asked = "" | "release" | "promote" | "edit" | "withdraw";

function Actions({ release, onAsk }: { release: Release; onAsk: (what: Asked) => void }) {
	const { state, channel } = release;
	const mayWithdraw = useDenied("release.withdraw", release.platform);
	const mayPromote = useDenied("release.promote", release.platform);
	const mayRelease = useDenied("release.manage", release.platform);
	const incomplete = state === "draft" ? "Files are missing: upload them first" : "";
	if (state === "withdrawn") return null;
	return (
		<>
			{state === "draft" ? null : (
				<Button denied={mayWithdraw} onClick={() => onAsk("withdraw")}>
					Withdraw
				</Button>
			)}
			{channel === "beta" && state === "released" ? (
				<Button kind="primary" denied={mayPromote} onClick={() => onAsk("promote")}>
					Promote to stable
				</Button>
			) : null}
			{state === "released" ? null : (
				<Button kind="primary" denied={mayRelease || incomplete} onClick={() => onAsk("release")}>
					Release
				</Button>
			)}
		</>
	);
}

interface DetailsProps {
	release: Release;
	platform: Platform | null;
	onEdit: () => void;
	onLink: (artifact: Artifact) => void;
}

function Details({ release: r, platform, onEdit, onLink }: DetailsProps) {
	const mayEdit = useDenied("release.manage", r.platform);
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
								<ArtifactItem key={a.name} artifact={a} release={r} onLink={() => onLink(a)} />
							))}
						</ul>
					) : (
						<Empty icon="file" title="No file yet" />
					)}
				</Panel>
				{r.history && r.history.length > 0 ? (
					<Panel title="History" flush>
						<History steps={r.history} />
					</Panel>
				) : null}
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
				<Panel
					title="Release"
					beside={
						r.state === "withdrawn" ? null : (
							<Button
								icon="pencil"
								kind="quiet"
								denied={mayEdit}
								label="Edit notes and minimum version"
								onClick={onEdit}
							/>
						)
					}
				>
					<Facts
						facts={[
							{ label: "Channel", value: r.channel ?? "none" },
							{
								label: "Running on",
								value: <Link href={page.devices({ platform: r.platform })}>{count(r.running_on, "device")}</Link>,
							},
							{ label: "Security counter", value: r.security_counter ?? "–" },
							{ label: "Updates from", value: r.minimum_version ? `${r.minimum_version} or later` : "any version" },
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
				{r.sbom ? <Bill release={r} sbom={r.sbom} /> : null}
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

/** What the release is made of, as its maker declared it; the signed sums vouch for the file. */
function Bill({ release, sbom }: { release: Release; sbom: Sbom }) {
	return (
		<Panel title="Bill of materials">
			<div class="stack">
				<Facts
					facts={[
						{ label: "Format", value: sbom.format === "spdx" ? "SPDX" : "CycloneDX" },
						{ label: "Size", value: bytes(sbom.size) },
						{ label: "SHA-256", value: <Value text={sbom.sha256} label={`SHA-256 of ${sbom.name}`} short={12} /> },
					]}
				/>
				<a class="wrap" href={api.artifact(release.platform, release.version, sbom.name)} download={sbom.name}>
					{sbom.name}
				</a>
			</div>
		</Panel>
	);
}

interface ItemProps {
	artifact: Artifact;
	release: Release;
	onLink: () => void;
}

function ArtifactItem({ artifact: a, release, onLink }: ItemProps) {
	const denied = useDenied("link.create", release.platform);
	const details = detailsOf(a);
	return (
		<li class="artifact">
			<div class="row">
				<Icon name="file" />
				<a class="wrap" href={api.artifact(release.platform, release.version, a.name)} download={a.name}>
					{a.name}
				</a>
				<span class="muted small">
					{bytes(a.size)} · {kindWords(a.kind)}
					{a.security_counter === null ? "" : ` · counter ${a.security_counter}`}
				</span>
				<span class="grow" />
				{release.state === "withdrawn" || release.state === "draft" ? null : (
					<Button
						icon="link"
						kind="quiet"
						denied={denied}
						label={`Make a download link to ${a.name}`}
						onClick={onLink}
					/>
				)}
			</div>
			{details.length > 0 ? (
				<dl class="details">
					{details.map((d) => (
						<div key={d.label}>
							<dt>{d.label}</dt>
							<dd>{d.value}</dd>
						</div>
					))}
				</dl>
			) : null}
			<div class="digest">
				<span class="muted small">SHA-256</span>
				<Value text={a.sha256} label={`SHA-256 of ${a.name}`} />
			</div>
		</li>
	);
}
