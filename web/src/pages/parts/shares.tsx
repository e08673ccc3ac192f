import type { Platform, Release } from "../../api/types.ts";
import { page } from "../../paths.ts";
import { Link } from "../../ui/button.tsx";
import { compareVersions } from "../../util/version.ts";

export interface Share {
	/** Empty for devices on no known release. */
	version: string;
	devices: number;
	channel: string;
}

/** How many devices run which release, newest first; the last entry counts those on something else. */
export function versionShares(platform: Pick<Platform, "device_count" | "releases">, releases: Release[]): Share[] {
	const shares = releases
		.filter((r) => r.running_on > 0)
		.sort((a, b) => compareVersions(b.version, a.version))
		.map((r) => ({
			version: r.version,
			devices: r.running_on,
			channel: channelOf(platform, r.version),
		}));
	const known = shares.reduce((sum, s) => sum + s.devices, 0);
	const rest = platform.device_count - known;
	return rest > 0 ? [...shares, { version: "", devices: rest, channel: "" }] : shares;
}

function channelOf(platform: Pick<Platform, "releases">, version: string): string {
	if (platform.releases.stable === version) return "stable";
	if (platform.releases.beta === version) return "beta";
	return "";
}

/** Newer is stronger; four steps, then all alike. */
function step(index: number): string {
	return `share-${Math.min(index, 3)}`;
}

export function VersionShares({ platform, releases }: { platform: Platform; releases: Release[] }) {
	const shares = versionShares(platform, releases);
	if (platform.device_count === 0) return <p class="muted">No device of this platform yet.</p>;
	return (
		<div class="shares">
			<div class="shares-bar" aria-hidden="true">
				{shares.map((s, i) => (
					<span
						key={s.version}
						class={s.version === "" ? "share other" : `share ${step(i)}`}
						style={{ flexGrow: `${s.devices}` }}
					/>
				))}
			</div>
			<ul class="shares-list" aria-label={`Versions on ${platform.name}`}>
				{shares.map((s, i) => (
					<li key={s.version}>
						<span class={s.version === "" ? "share-key other" : `share-key ${step(i)}`} />
						{s.version === "" ? (
							<span class="muted">other</span>
						) : (
							<Link href={page.release(platform.name, s.version)}>{s.version}</Link>
						)}
						{s.channel ? <span class="tag">{s.channel}</span> : null}
						<span class="share-count">
							{s.devices} <span class="muted">{Math.round((s.devices * 100) / platform.device_count)} %</span>
						</span>
					</li>
				))}
			</ul>
		</div>
	);
}
