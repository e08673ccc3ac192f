import type { ComponentChildren } from "preact";
import { type Day, type ReleaseTally, type Statistics, statisticsGet, type Tally } from "../../api/records.ts";
import { type Loaded, useLoad } from "../../api/useLoad.ts";
import { page } from "../../paths.ts";
import { type Bar, BarChart } from "../../ui/bars.tsx";
import { Link } from "../../ui/button.tsx";
import { Choice, Select } from "../../ui/field.tsx";
import { Panel } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { navigate } from "../../util/location.ts";
import { duration } from "../../util/time.ts";
import { compareVersions } from "../../util/version.ts";
import { platformOptions } from "./filters.tsx";
import { Ready } from "./state.tsx";

const DAY_MS = 86_400_000;
const RANGES = ["7", "30", "90"];
const RANGE = "30";

/** The UTC day that many days ago, "2026-11-20": the server counts in UTC. */
export function utcDay(now_ms: number, ago: number): string {
	return new Date(now_ms - ago * DAY_MS).toISOString().slice(0, 10);
}

/** One column a day, also for days on which nothing ended. */
export function dayBars(days: Day[], now_ms: number, range: number): Bar[] {
	const told = new Map(days.map((d) => [d.day, d]));
	return Array.from({ length: range }, (_, i) => {
		const day = utcDay(now_ms, range - 1 - i);
		const { succeeded = 0, failed = 0 } = told.get(day) ?? {};
		return { label: day, short: day.slice(5), good: succeeded, bad: failed };
	});
}

/** "92.3 %"; never "100 %" when something failed. */
export function percent(rate: number | null): string {
	if (rate === null) return "–";
	const shown = rate < 1 ? Math.min(99.9, Math.round(rate * 1000) / 10) : 100;
	return `${shown} %`;
}

interface Props {
	platform: string;
	days: string;
	platforms: { name: string }[];
}

export function useStatistics({ platform, days }: Pick<Props, "platform" | "days">): Loaded<Statistics> {
	const range = RANGES.includes(days) ? days : RANGE;
	return useLoad(`statistics ${platform} ${range}`, (signal) =>
		statisticsGet({ platform, from: `${utcDay(Date.now(), Number(range) - 1)}T00:00:00Z` }, signal),
	);
}

export function StatisticsPanel({ of, platform, days, platforms }: Props & { of: Loaded<Statistics> }) {
	const range = RANGES.includes(days) ? days : RANGE;
	const go = (change: { platform?: string; days?: string }) =>
		navigate(page.overview({ platform, days: range === RANGE ? "" : range, ...change }), true);
	return (
		<Panel
			title="Updates"
			beside={
				<div class="statistics-choice">
					<Select
						label="Platform"
						value={platform}
						options={platformOptions(platforms)}
						onChange={(value) => go({ platform: value })}
					/>
					<Choice
						label="Time"
						value={range}
						onChange={(value) => go({ days: value === RANGE ? "" : value })}
						options={RANGES.map((value) => ({ value, label: `${value} d` }))}
					/>
				</div>
			}
		>
			<Ready of={of} rows={5}>
				{(data) => (
					<div class="stack loose">
						<Tiles tally={data} from={utcDay(Date.now(), Number(range) - 1)} platform={platform} />
						<BarChart
							title={`Updates that succeeded and failed by day, the last ${range} days`}
							good="Succeeded"
							bad="Failed"
							unit="Day (UTC)"
							bars={dayBars(data.days, Date.now(), Number(range))}
						/>
						{data.releases.length > 0 ? <ByRelease releases={data.releases} /> : null}
					</div>
				)}
			</Ready>
		</Panel>
	);
}

function Tile({ label, children, hint }: { label: string; children: ComponentChildren; hint?: ComponentChildren }) {
	return (
		<div class="tile">
			<dt>{label}</dt>
			<dd class="tile-value">{children}</dd>
			<dd class="tile-hint">{hint}</dd>
		</div>
	);
}

function Tiles({ tally: t, from, platform }: { tally: Tally; from: string; platform: string }) {
	const ended = t.succeeded + t.failed;
	return (
		<dl class="tiles">
			<Tile label="Success rate" hint={ended > 0 ? `${t.succeeded} of ${ended} that ended` : "nothing has ended yet"}>
				{percent(t.success_rate)}
			</Tile>
			<Tile
				label="Failed"
				hint={
					t.failed > 0 ? (
						<Link href={page.updates({ platform, state: "failed", from })}>Which ones, and why</Link>
					) : (
						"none"
					)
				}
			>
				<span class={t.failed > 0 ? "bad-text" : ""}>{t.failed}</span>
			</Tile>
			<Tile label="In progress" hint={`of ${t.total} begun${t.cancelled > 0 ? `, ${t.cancelled} cancelled` : ""}`}>
				{t.in_progress}
			</Tile>
			<Tile
				label="Duration"
				hint={t.duration_s ? `95 of 100 within ${duration(t.duration_s.p95)}` : "nothing to measure"}
			>
				{t.duration_s ? duration(t.duration_s.mean) : "–"}
			</Tile>
		</dl>
	);
}

const COLUMNS: Column<ReleaseTally>[] = [
	{ key: "release", label: "Release", cell: (r) => <ReleaseName tally={r} /> },
	{ key: "rate", label: "Success rate", cell: (r) => <Rate tally={r} />, width: "180px" },
	{ key: "total", label: "Updates", cell: (r) => r.total, from: 2, width: "76px", align: "right" },
	{ key: "failed", label: "Failed", cell: (r) => r.failed, from: 2, width: "68px", align: "right" },
	{ key: "open", label: "In progress", cell: (r) => r.in_progress, from: 3, width: "92px", align: "right" },
	{ key: "mean", label: "Mean", cell: (r) => time(r.duration_s?.mean), from: 3, width: "104px", align: "right" },
	{ key: "p95", label: "95 % within", cell: (r) => time(r.duration_s?.p95), from: 4, width: "104px", align: "right" },
];

function time(seconds: number | undefined) {
	return seconds === undefined ? <span class="muted">–</span> : duration(seconds);
}

function ReleaseName({ tally: r }: { tally: ReleaseTally }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.release(r.platform, r.version)}>
				{r.platform} {r.version}
			</Link>
			<span class="name-narrow muted">
				{r.total} updates, {r.failed} failed
			</span>
		</span>
	);
}

function Rate({ tally: r }: { tally: ReleaseTally }) {
	if (r.success_rate === null) return <span class="muted">nothing has ended</span>;
	return (
		<span class="rate">
			<span class="rate-bar" aria-hidden="true">
				<span style={{ width: `${r.success_rate * 100}%` }} />
			</span>
			{percent(r.success_rate)}
		</span>
	);
}

/** By platform, and of each the newest release first. */
export function inOrder(releases: ReleaseTally[]): ReleaseTally[] {
	const order = (a: ReleaseTally, b: ReleaseTally) =>
		a.platform === b.platform ? compareVersions(b.version, a.version) : a.platform < b.platform ? -1 : 1;
	return [...releases].sort(order);
}

function ByRelease({ releases }: { releases: ReleaseTally[] }) {
	return (
		<Table
			label="Updates by platform and release"
			rows={inOrder(releases)}
			columns={COLUMNS}
			rowKey={(r) => `${r.platform} ${r.version}`}
		/>
	);
}
