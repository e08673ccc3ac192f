import { useEffect, useRef, useState } from "preact/hooks";
import { apiKeyList, devicePage, gatewayTokenList, platformList, releaseList, updatePage } from "../api/client.ts";
import { may, useSession } from "../api/session.ts";
import { EVERYWHERE, isClosed, type Platform, type Release, type Session } from "../api/types.ts";
import { useLive } from "../api/useLive.ts";
import { updatesIn, useLoad } from "../api/useLoad.ts";
import { page } from "../paths.ts";
import { Link } from "../ui/button.tsx";
import { Command } from "../ui/copy.tsx";
import { Loading } from "../ui/feedback.tsx";
import { Mark } from "../ui/mark.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { Time, useNow } from "../ui/time.tsx";
import { manifestCommand, pollCommand, publishCommand } from "../util/commands.ts";
import { count, groupBy } from "../util/list.ts";
import { byWorst, type Concern, concernsOf, type Facts, signingConcerns } from "./parts/attention.ts";
import { useRepositories } from "./parts/repositories.ts";
import { VersionShares } from "./parts/shares.tsx";
import { Ready } from "./parts/state.tsx";
import { StatisticsPanel, useStatistics } from "./parts/statistics.tsx";
import { UpdateTable, useUpdates } from "./parts/updates.tsx";

/** Counts are asked again this long after the first event of a burst: current enough, and cheap in a storm. */
const SETTLE_MS = 2000;

interface All extends Facts {
	steps: Step[];
}

interface Step {
	title: string;
	done: boolean;
	href: string;
	link: string;
	command: string;
}

async function loadAll(session: Session, signal: AbortSignal): Promise<All> {
	const reads = may(session, "release.read");
	const [platforms, releases, updates, offline, late, stale] = await Promise.all([
		reads ? platformList(signal) : [],
		reads ? releaseList(undefined, signal) : [],
		updatePage({}, null, signal),
		devicePage({ state: "offline" }, null, signal),
		devicePage({ state: "late" }, null, signal),
		devicePage({ stale: "true" }, null, signal),
	]);
	const facts = { platforms, releases, updates: updates.items, offline, late, stale };
	return { ...facts, steps: may(session, "key.manage", EVERYWHERE) ? await firstSteps(facts, signal) : [] };
}

/** What is left until the first device has updated itself, for those who may do it; empty once one has. */
async function firstSteps(facts: Facts, signal: AbortSignal): Promise<Step[]> {
	const { platforms, releases, updates } = facts;
	if (updates.some((u) => u.state === "succeeded")) return [];
	const [keys, gateways] = await Promise.all([
		apiKeyList(signal).catch(() => []),
		gatewayTokenList(signal).catch(() => []),
	]);
	const name = platforms[0]?.name ?? "NAME";
	const here = location.origin;
	return [
		{
			title: "Make a platform with its boot roots and key manifest",
			done: platforms.length > 0,
			href: page.platforms(),
			link: "Platforms",
			command: manifestCommand("NAME"),
		},
		{
			title: "Make an API key for CI",
			done: keys.length > 0,
			href: page.keys(),
			link: "Keys",
			command: "",
		},
		{
			title: "Publish a signed release",
			done: releases.length > 0,
			href: page.releases(),
			link: "Releases",
			command: publishCommand(here, name, "1.0.0"),
		},
		{
			title: "Let a device in: by a gateway token, or one by one",
			done: gateways.length > 0 || platforms.some((p) => p.device_count > 0),
			href: page.keys(),
			link: "Keys",
			command: pollCommand(here, "GatewayToken", "my-device"),
		},
		{
			title: "Assign a newer release and watch it arrive",
			done: updates.length > 0,
			href: page.devices(),
			link: "Devices",
			command: "",
		},
	];
}

interface Props {
	platform: string;
	days: string;
}

export function OverviewPage({ platform, days }: Props) {
	const { session } = useSession();
	const all = useLoad("overview", (signal) => loadAll(session, signal));
	const signing = useRepositories("", may(session, "release.read"));
	const now = useNow();
	const statistics = useStatistics({ platform, days });
	const open = useUpdates({ open: true });
	const [touched, setTouched] = useState(false);
	const ended = useRef(false);
	useLive((events) => {
		setTouched(true);
		if (updatesIn(events).some(isClosed)) ended.current = true;
	});
	useEffect(() => {
		if (!touched) return;
		const timer = setTimeout(() => {
			setTouched(false);
			all.reload();
			if (ended.current) statistics.reload();
			ended.current = false;
		}, SETTLE_MS);
		return () => clearTimeout(timer);
	}, [touched, all.reload, statistics.reload]);
	return (
		<>
			<PageHead title="Overview" />
			<Ready of={all} rows={6}>
				{(data) => (
					<>
						{data.steps.length > 0 ? <FirstSteps steps={data.steps} /> : null}
						<div class="overview">
							<div class="stack loose">
								<Panel title="Needs attention" flush>
									{signing.data === null && signing.problem === null ? (
										<Loading />
									) : (
										<Concerns concerns={byWorst([...concernsOf(data), ...signingConcerns(signing.data ?? [], now)])} />
									)}
								</Panel>
								<Panel
									title="In progress"
									flush
									beside={
										<Link class="small" href={page.updates()}>
											All updates
										</Link>
									}
								>
									<Ready of={open.list}>
										{(updates) =>
											updates.length > 0 ? (
												<UpdateTable label="Updates in progress" updates={updates} live={open} cancellable />
											) : (
												<p class="quiet-line">Nothing is being updated right now.</p>
											)
										}
									</Ready>
									<Ended n={open.list.data?.filter(isClosed).length ?? 0} onHide={open.list.reload} />
								</Panel>
								{data.updates.length > 0 ? (
									<StatisticsPanel of={statistics} platform={platform} days={days} platforms={data.platforms} />
								) : null}
							</div>
							<WhatRunsWhere platforms={data.platforms} releases={data.releases} />
						</div>
					</>
				)}
			</Ready>
		</>
	);
}

function Ended({ n, onHide }: { n: number; onHide: () => void }) {
	if (n === 0) return null;
	return (
		<button type="button" class="quiet-line as-link" onClick={onHide}>
			Hide {n} finished
		</button>
	);
}

function Concerns({ concerns }: { concerns: Concern[] }) {
	if (concerns.length === 0) {
		return (
			<p class="quiet-line">
				<Mark shape="check" tone="ok">
					All is well: no failed update, no silent device, nothing to sign or release.
				</Mark>
			</p>
		);
	}
	return (
		<ul class="concerns">
			{concerns.map((c) => (
				<li key={c.key}>
					<Mark shape={c.shape} tone={c.tone}>
						<Link href={c.href}>{c.subject}</Link> <span class="concern-text">{c.text}</span>
					</Mark>
					{c.at ? (
						<span class="muted small">
							<Time at={c.at} focusable />
						</span>
					) : null}
				</li>
			))}
		</ul>
	);
}

function WhatRunsWhere({ platforms, releases }: { platforms: Platform[]; releases: Release[] }) {
	const groups = groupBy(releases, (r) => r.platform);
	return (
		<Panel title="What runs where">
			{platforms.length === 0 ? <p class="muted">No platform yet.</p> : null}
			<div class="stack loose">
				{platforms.map((p) => (
					<section key={p.name} class="where">
						<div class="row">
							<h3>
								<Link href={page.platform(p.name)}>{p.name}</Link>
							</h3>
							<span class="grow" />
							<Link class="small" href={page.devices({ platform: p.name })}>
								{count(p.device_count, "device")}
							</Link>
							{p.stale_count > 0 ? (
								<Link class="small" href={page.devices({ platform: p.name, stale: "true" })}>
									{p.stale_count} stale
								</Link>
							) : null}
						</div>
						<VersionShares platform={p} releases={groups.get(p.name) ?? []} />
					</section>
				))}
			</div>
		</Panel>
	);
}

function FirstSteps({ steps }: { steps: Step[] }) {
	const next = steps.findIndex((s) => !s.done);
	return (
		<Panel title="First steps">
			<ol class="steps">
				{steps.map((s, i) => (
					<li key={s.title} class={s.done ? "done" : i === next ? "next" : ""}>
						<Mark
							shape={s.done ? "check" : i === next ? "disc" : "ring"}
							tone={s.done ? "ok" : i === next ? "accent" : "idle"}
						>
							{s.title}
						</Mark>
						{i === next ? (
							<div class="step-more">
								<Link href={s.href}>Open {s.link}</Link>
								{s.command ? <Command text={s.command} /> : null}
							</div>
						) : null}
					</li>
				))}
			</ol>
		</Panel>
	);
}
