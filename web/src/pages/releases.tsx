import { useState } from "preact/hooks";
import { releaseList } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Platform, Release } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { hasRelease, useLoad } from "../api/useLoad.ts";
import { UploadDialog } from "../forms/upload-dialog.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { publishCommand } from "../util/commands.ts";
import { count, groupBy } from "../util/list.ts";
import { navigate } from "../util/location.ts";
import { PlatformFilter } from "./parts/filters.tsx";
import { usePlatforms } from "./parts/platforms.ts";
import { Ready } from "./parts/state.tsx";
import { ReleaseMark } from "./parts/states.tsx";

export function totalSize(release: Release): number {
	return release.artifacts.reduce((sum, a) => sum + a.size, 0);
}

const COLUMNS: Column<Release>[] = [
	{ key: "version", label: "Version", cell: (r) => <VersionCell release={r} /> },
	{ key: "state", label: "State", cell: (r) => <ReleaseMark state={r.state} />, width: "116px" },
	{ key: "channel", label: "Channel", cell: (r) => r.channel ?? <Nothing />, from: 2, width: "80px" },
	{ key: "sha", label: "SHA-256", cell: (r) => <Digest release={r} />, from: 3, width: "172px", open: true },
	{ key: "signed", label: "Signed by", cell: (r) => <Signer release={r} />, from: 4, width: "152px" },
	{ key: "size", label: "Size", cell: (r) => <Size release={r} />, from: 3, align: "right", width: "80px" },
	{ key: "running", label: "Running on", cell: (r) => r.running_on, from: 2, align: "right", width: "92px" },
	{ key: "time", label: "Uploaded", cell: (r) => <Time at={r.created_at} />, from: 3, width: "104px", open: true },
];

function Nothing() {
	return <span class="muted">–</span>;
}

function VersionCell({ release }: { release: Release }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.release(release.platform, release.version)}>
				{release.version}
			</Link>
			<span class="name-narrow muted">
				{[release.channel, release.running_on > 0 ? `runs on ${release.running_on}` : ""].filter(Boolean).join(" · ")}
			</span>
		</span>
	);
}

function Size({ release }: { release: Release }) {
	const size = totalSize(release);
	return size === 0 ? <Nothing /> : <span>{bytes(size)}</span>;
}

function Digest({ release }: { release: Release }) {
	const main = release.artifacts.find((a) => a.kind === "mcuboot") ?? release.artifacts[0];
	if (!main) return <span class="muted">no file yet</span>;
	return (
		<span class="row nowrap tight">
			<Value text={main.sha256} label={`SHA-256 of ${main.name}`} short={12} />
			{release.artifacts.length > 1 ? <span class="muted small">+{release.artifacts.length - 1}</span> : null}
		</span>
	);
}

function Signer({ release }: { release: Release }) {
	return <code title={`minisign key ${release.sums_signed_by}`}>{release.sums_signed_by}</code>;
}

export function ReleasesPage({ platform }: { platform: string }) {
	const platforms = usePlatforms();
	const releases = useLoad(page.releases({ platform }), (signal) => releaseList(platform || undefined, signal));
	const [uploading, setUploading] = useState(false);
	const denied = useDenied("release.upload");
	useLive((events) => {
		if (hasRelease(events)) releases.reload();
	});
	const shown = (platforms.data ?? []).filter((p) => platform === "" || p.name === platform);
	return (
		<>
			<PageHead
				title="Releases"
				actions={
					<Button
						icon="upload"
						kind="primary"
						denied={denied || (platforms.data?.length === 0 ? "Make a platform first" : "")}
						onClick={() => setUploading(true)}
					>
						Upload release
					</Button>
				}
			/>
			<PlatformFilter value={platform} path={page.releases} platforms={platforms.data ?? []} />
			<Ready of={platforms}>
				{(all) =>
					all.length === 0 ? (
						<NoPlatforms />
					) : (
						<Ready of={releases}>{(list) => <Groups platforms={shown} releases={list} />}</Ready>
					)
				}
			</Ready>
			{uploading ? (
				<UploadDialog
					platforms={platforms.data ?? []}
					platform={platform}
					onClose={() => setUploading(false)}
					onDone={(p, v) => navigate(page.release(p, v))}
				/>
			) : null}
		</>
	);
}

function Groups({ platforms, releases }: { platforms: Platform[]; releases: Release[] }) {
	const groups = groupBy(releases, (r) => r.platform);
	return (
		<div class="stack loose">
			{platforms.map((p) => (
				<Panel
					key={p.name}
					flush
					title={
						<>
							<Link href={page.platform(p.name)}>{p.name}</Link> <span class="muted plain">{p.title}</span>
						</>
					}
					beside={
						<Link class="small" href={page.devices({ platform: p.name })}>
							{count(p.device_count, "device")}
						</Link>
					}
				>
					{groups.get(p.name) ? (
						<Table
							label={`Releases of ${p.name}`}
							rows={groups.get(p.name) ?? []}
							columns={COLUMNS}
							rowKey={(r) => r.version}
						/>
					) : (
						<NoReleases platform={p.name} />
					)}
				</Panel>
			))}
		</div>
	);
}

export function NoReleases({ platform }: { platform: string }) {
	return (
		<Empty icon="box" title="No release yet">
			<p>Sign a build and publish it. CI does the same with an API key:</p>
			<Command text={publishCommand(location.origin, platform, "1.0.0")} />
		</Empty>
	);
}

function NoPlatforms() {
	return (
		<Empty
			icon="layers"
			title="A release belongs to a platform"
			action={
				<Link class="button primary" href={page.platforms()}>
					Make the first platform
				</Link>
			}
		>
			<p>A platform is one kind of hardware and the keys that may sign for it.</p>
		</Empty>
	);
}
