import { useState } from "preact/hooks";
import { platformGet, releaseList } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import type { Platform } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { EditPlatformDialog, KeyManifestDialog, NewPlatformDialog } from "../forms/platform.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Command, Value } from "../ui/copy.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Icon } from "../ui/icon.tsx";
import { Mark } from "../ui/mark.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { manifestCommand } from "../util/commands.ts";
import { navigate } from "../util/location.ts";
import { usePlatforms } from "./parts/platforms.ts";
import { VersionShares } from "./parts/shares.tsx";
import { Ready } from "./parts/state.tsx";

const COLUMNS: Column<Platform>[] = [
	{
		key: "name",
		label: "Platform",
		cell: (p) => <NameCell platform={p} />,
	},
	{
		key: "aliases",
		label: "Aliases",
		cell: (p) => p.aliases.join(", ") || <span class="muted">–</span>,
		from: 3,
	},
	{
		key: "keys",
		label: "Keys",
		cell: (p) => <KeyState platform={p} />,
		width: "136px",
	},
	{
		key: "stable",
		label: "Stable",
		cell: (p) => p.releases.stable ?? <span class="muted">–</span>,
		from: 2,
		width: "90px",
	},
	{
		key: "beta",
		label: "Beta",
		cell: (p) => p.releases.beta ?? <span class="muted">–</span>,
		from: 3,
		width: "90px",
	},
	{
		key: "follow",
		label: "Offers",
		cell: (p) => (p.follow_channel ? "by channel" : "when assigned"),
		from: 4,
		width: "136px",
	},
	{
		key: "devices",
		label: "Devices",
		cell: (p) => p.device_count,
		from: 2,
		align: "right",
		width: "84px",
	},
];

function NameCell({ platform }: { platform: Platform }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.platform(platform.name)}>
				{platform.name}
			</Link>
			{platform.title ? <span class="name-id">{platform.title}</span> : null}
		</span>
	);
}

function KeyState({ platform }: { platform: Platform }) {
	return platform.key_manifest ? (
		<Mark shape="seal" tone="ok">
			Manifest {platform.key_manifest.sequence}
		</Mark>
	) : (
		<Mark shape="dash" tone="warn">
			No manifest
		</Mark>
	);
}

export function PlatformsPage() {
	const platforms = usePlatforms();
	const [making, setMaking] = useState(false);
	const denied = useDenied("platform.manage");
	const make = () => setMaking(true);
	return (
		<>
			<PageHead
				title="Platforms"
				actions={
					<Button icon="plus" kind="primary" denied={denied} onClick={make}>
						New platform
					</Button>
				}
			/>
			<Ready of={platforms}>
				{(list) =>
					list.length > 0 ? (
						<Table label="Platforms" rows={list} columns={COLUMNS} rowKey={(p) => p.name} />
					) : (
						<Empty
							icon="layers"
							title="No platform yet"
							action={
								<Button kind="primary" denied={denied} onClick={make}>
									Make the first platform
								</Button>
							}
						>
							<p>
								A platform is one kind of hardware and the keys that may sign for it. Make its keys on your own machine,
								never here:
							</p>
							<Command text={manifestCommand("mps2-an386")} />
						</Empty>
					)
				}
			</Ready>
			{making ? (
				<NewPlatformDialog onClose={() => setMaking(false)} onDone={(p) => navigate(page.platform(p.name))} />
			) : null}
		</>
	);
}

export function PlatformPage({ name }: { name: string }) {
	const platform = useLoad(page.platform(name), (signal) => platformGet(name, signal));
	const releases = useLoad(page.releases({ platform: name }), (signal) => releaseList(name, signal));
	const [asked, setAsked] = useState<"" | "edit" | "manifest">("");
	const denied = useDenied("platform.manage");
	const p = platform.data;
	const dialog = {
		onClose: () => setAsked(""),
		onDone: (next: Platform) => platform.change(() => next),
	};
	return (
		<>
			<PageHead
				title={name}
				above={
					<Link class="back" href={page.platforms()}>
						<Icon name="left" size={14} /> Platforms
					</Link>
				}
				beside={<span class="muted">{p?.title}</span>}
				actions={
					<Button icon="pencil" denied={denied} onClick={() => setAsked("edit")}>
						Edit
					</Button>
				}
			/>
			<Ready of={platform}>
				{(data) => (
					<div class="columns">
						<div class="stack loose">
							<Panel
								title="What runs where"
								beside={
									<Link class="small" href={page.releases({ platform: name })}>
										All releases
									</Link>
								}
							>
								<Ready of={releases}>{(list) => <VersionShares platform={data} releases={list} />}</Ready>
							</Panel>
							<KeyPanel platform={data} denied={denied} onReplace={() => setAsked("manifest")} />
						</div>
						<aside class="stack loose" aria-label="About the platform">
							<PlatformFacts platform={data} />
						</aside>
					</div>
				)}
			</Ready>
			{p && asked === "edit" ? <EditPlatformDialog platform={p} {...dialog} /> : null}
			{p && asked === "manifest" ? <KeyManifestDialog platform={p} {...dialog} /> : null}
		</>
	);
}

function inChannel(p: Platform, label: string, version: string | null) {
	return { label, value: version ? <Link href={page.release(p.name, version)}>{version}</Link> : "none" };
}

function PlatformFacts({ platform: p }: { platform: Platform }) {
	return (
		<Panel title="Platform">
			<Facts
				facts={[
					{
						label: "Devices",
						value: <Link href={page.devices({ platform: p.name })}>{p.device_count}</Link>,
					},
					p.stale_count > 0
						? {
								label: "Stale",
								value: <Link href={page.devices({ platform: p.name, stale: "true" })}>{p.stale_count}</Link>,
							}
						: null,
					inChannel(p, "Stable", p.releases.stable),
					inChannel(p, "Beta", p.releases.beta),
					{ label: "Signing", value: <Link href={page.review({ platform: p.name })}>Review</Link> },
					{
						label: "Offers",
						value: p.follow_channel ? "the newest of the channel" : "what is assigned",
					},
					{ label: "Aliases", value: p.aliases.join(", ") || "none" },
					{
						label: "Hardware class",
						value: p.hardware_class ? <Value text={p.hardware_class} label="hardware class" /> : "none",
					},
				]}
			/>
		</Panel>
	);
}

function KeyPanel({ platform, denied, onReplace }: { platform: Platform; denied: string; onReplace: () => void }) {
	const manifest = platform.key_manifest;
	return (
		<Panel
			title={manifest ? `Key manifest ${manifest.sequence}` : "Key manifest"}
			beside={
				<Button denied={denied} onClick={onReplace}>
					{manifest ? "Replace" : "Add"}
				</Button>
			}
		>
			{manifest ? (
				<ul class="keys">
					{manifest.keys.map((k) => (
						<li key={`${k.purpose} ${k.key_hash}`}>
							<Icon name="key" />
							<span class="keys-what">
								{k.purpose === "image" ? "Images" : "Releases"} <span class="muted">{k.alg}</span>
							</span>
							<Value text={k.key_hash} label="key hash" short={24} />
						</li>
					))}
				</ul>
			) : (
				<p class="muted">
					Without a key manifest only plain files can be released here, and no signed image can be checked.
				</p>
			)}
		</Panel>
	);
}
