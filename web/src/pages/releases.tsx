import { useState } from "preact/hooks";
import { platformList, releaseList } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Platform, Release } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { hasRelease, useLoad } from "../api/useLoad.ts";
import { UploadDialog } from "../forms/upload-dialog.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Select } from "../ui/field.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { bytes } from "../util/bytes.ts";
import { groupBy } from "../util/list.ts";
import { navigate } from "../util/location.ts";
import { Ready } from "./parts/state.tsx";
import { ReleaseMark } from "./parts/states.tsx";

export function totalSize(release: Release): number {
	return release.artifacts.reduce((sum, a) => sum + a.size, 0);
}

const COLUMNS: Column<Release>[] = [
	{
		key: "version",
		label: "Version",
		cell: (r) => <VersionCell release={r} />,
		width: "120px",
	},
	{
		key: "state",
		label: "State",
		cell: (r) => <ReleaseMark state={r.state} />,
		width: "120px",
	},
	{
		key: "channel",
		label: "Channel",
		cell: (r) => r.channel ?? <span class="muted">–</span>,
		from: 2,
		width: "84px",
	},
	{
		key: "sha",
		label: "SHA-256",
		cell: (r) => <Digest release={r} />,
		from: 3,
		open: true,
	},
	{
		key: "signed",
		label: "Signed by",
		cell: (r) => <Signer release={r} />,
		from: 4,
	},
	{
		key: "size",
		label: "Size",
		cell: (r) => bytes(totalSize(r)),
		from: 3,
		align: "right",
		width: "84px",
	},
	{
		key: "running",
		label: "Running on",
		cell: (r) => r.running_on,
		from: 2,
		align: "right",
		width: "96px",
	},
	{
		key: "time",
		label: "Uploaded",
		cell: (r) => <Time at={r.created_at} />,
		from: 4,
		width: "108px",
		open: true,
	},
];

function VersionCell({ release }: { release: Release }) {
	return (
		<Link class="row-link" href={page.release(release.platform, release.version)}>
			{release.version}
		</Link>
	);
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
	if (!release.sums_signed_by) return <span class="muted">–</span>;
	return <code title={`minisign key ${release.sums_signed_by}`}>{release.sums_signed_by}</code>;
}

export function ReleasesPage({ platform }: { platform: string }) {
	const platforms = useLoad("platforms", platformList);
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
					<>
						<Select
							label="Platform"
							value={platform}
							options={[
								{ value: "", label: "All platforms" },
								...(platforms.data ?? []).map((p) => ({
									value: p.name,
									label: p.name,
								})),
							]}
							onChange={(value) => navigate(page.releases({ platform: value }), true)}
						/>
						<Button
							icon="upload"
							kind="primary"
							denied={denied || (platforms.data?.length === 0 ? "Make a platform first" : "")}
							onClick={() => setUploading(true)}
						>
							Upload release
						</Button>
					</>
				}
			/>
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
							{p.device_count} devices
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
			<Command
				text={`signer publish --platform ${platform} --version 1.0.0 \\\n  --url ${location.origin} firmware.bin`}
			/>
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
