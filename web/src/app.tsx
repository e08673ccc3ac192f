import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { sessionGet, signOut } from "./api/client.ts";
import { onSessionLost, onTokenStale } from "./api/http.ts";
import { Live } from "./api/live.ts";
import { asProblem, type Problem } from "./api/problem.ts";
import { may, SessionContext, useSession } from "./api/session.ts";
import type { Session } from "./api/types.ts";
import { LiveContext } from "./api/useLive.ts";
import { ProblemNotice } from "./forms/problem.tsx";
import { DevicePage } from "./pages/device.tsx";
import { DevicesPage } from "./pages/devices.tsx";
import { SetupPage, SignInAgain, SignInPage } from "./pages/door.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { entriesFor, needsOf } from "./pages/parts/nav.ts";
import { Shell } from "./pages/shell.tsx";
import { page } from "./paths.ts";
import { parseRoute, type Route } from "./routes.ts";
import { Link } from "./ui/button.tsx";
import { Empty, Loading } from "./ui/feedback.tsx";
import { lazy } from "./ui/lazy.tsx";
import { PageHead } from "./ui/page.tsx";
import { Toasts } from "./ui/toast.tsx";
import { useLocation } from "./util/location.ts";

const UpdatesPage = lazy(() => import("./pages/updates.tsx").then((m) => m.UpdatesPage));
const ship = () => import("./pages/ship.ts");
const ReleasesPage = lazy(() => ship().then((m) => m.ReleasesPage));
const ReleasePage = lazy(() => ship().then((m) => m.ReleasePage));
const PlatformsPage = lazy(() => ship().then((m) => m.PlatformsPage));
const PlatformPage = lazy(() => ship().then((m) => m.PlatformPage));
const ReviewPage = lazy(() => import("./pages/review.tsx").then((m) => m.ReviewPage));
const records = () => import("./pages/records.ts");
const LinksPage = lazy(() => records().then((m) => m.LinksPage));
const DownloadsPage = lazy(() => records().then((m) => m.DownloadsPage));
const AuditPage = lazy(() => records().then((m) => m.AuditPage));
const FlashPage = lazy(() => import("./pages/flash.tsx").then((m) => m.FlashPage));
const people = () => import("./pages/people.ts");
const KeysPage = lazy(() => people().then((m) => m.KeysPage));
const UsersPage = lazy(() => people().then((m) => m.UsersPage));
const UserPage = lazy(() => people().then((m) => m.UserPage));
const RolesPage = lazy(() => people().then((m) => m.RolesPage));
const RolePage = lazy(() => people().then((m) => m.RolePage));
const AccountPage = lazy(() => people().then((m) => m.AccountPage));
const JoinPage = lazy(() => import("./pages/join.tsx").then((m) => m.JoinPage));

/** Nobody knows yet, nobody is signed in, or somebody is. */
type Access = { is: "unknown"; problem: Problem | null } | { is: "out" } | { is: "in"; session: Session };

function useAccess() {
	const [access, setAccess] = useState<Access>({
		is: "unknown",
		problem: null,
	});
	const ask = () => {
		sessionGet().then(
			(session) => setAccess({ is: "in", session }),
			(error: unknown) => {
				const problem = asProblem(error);
				setAccess(problem.status === 401 ? { is: "out" } : { is: "unknown", problem });
			},
		);
	};
	// asked once, at the start
	useEffect(ask, []);
	return { access, setAccess, ask };
}

export function App() {
	const { access, setAccess, ask } = useAccess();
	const route = parseRoute(useLocation());
	const enter = (session: Session) => setAccess({ is: "in", session });
	if (route.name === "setup" && access.is !== "in") return <SetupPage token={route.token} onDone={enter} />;
	if (route.name === "join") {
		const current = access.is === "in" ? access.session.user.name : null;
		return <JoinPage token={route.token} current={current} onDone={enter} />;
	}
	switch (access.is) {
		case "unknown":
			return (
				<div class="door">
					{access.problem ? <ProblemNotice problem={access.problem} onRetry={ask} /> : <Loading rows={2} />}
				</div>
			);
		case "out":
			return <SignInPage onDone={enter} />;
		case "in":
			return (
				<Inside
					route={route}
					session={access.session}
					onSession={enter}
					onLeaving={() => setAccess({ is: "unknown", problem: null })}
					onOut={() => setAccess({ is: "out" })}
				/>
			);
	}
}

interface InsideProps {
	route: Route;
	session: Session;
	onSession: (session: Session) => void;
	/** Signing out is under way: until the server has ended the session, nobody is told that it has. */
	onLeaving: () => void;
	onOut: () => void;
}

function Inside({ route, session, onSession, onLeaving, onOut }: InsideProps) {
	const live = useMemo(() => new Live(), []);
	const { asking, answer } = useSignInAgain();
	useEffect(() => {
		live.start();
		return () => live.stop();
	}, [live]);
	// What may have changed meanwhile includes one's rights.
	useEffect(() => {
		let inside = true;
		const off = live.onEvents((events) => {
			if (!events.some((e) => e.type === "resync")) return;
			sessionGet().then(
				(next) => inside && onSession(next),
				() => undefined,
			);
		});
		return () => {
			inside = false;
			off();
		};
	}, [live]);
	const leave = () => {
		onLeaving();
		signOut()
			.catch(() => undefined)
			.then(onOut);
	};
	const back = (next: Session) => {
		onSession(next);
		answer(true);
		live.retryNow();
	};
	return (
		<SessionContext.Provider value={{ session, signOut: leave, renew: onSession }}>
			<LiveContext.Provider value={live}>
				<Shell route={route.name}>
					<Page route={route} />
				</Shell>
				<Toasts />
				{asking ? (
					<SignInAgain
						name={session.user.name}
						onDone={back}
						onLeave={() => {
							answer(false);
							onOut();
						}}
					/>
				) : null}
			</LiveContext.Provider>
		</SessionContext.Provider>
	);
}

/** One question for any number of requests that found the session gone. */
function useSignInAgain() {
	const [asking, setAsking] = useState(false);
	const waiting = useRef<((again: boolean) => void)[]>([]);
	useEffect(() => {
		onSessionLost(
			() =>
				new Promise((resolve) => {
					waiting.current.push(resolve);
					setAsking(true);
				}),
		);
		onTokenStale(() => sessionGet().catch(() => null));
		return () => {
			onSessionLost(null);
			onTokenStale(null);
		};
	}, []);
	const answer = (again: boolean) => {
		setAsking(false);
		for (const resolve of waiting.current.splice(0)) resolve(again);
	};
	return { asking, answer };
}

function Page({ route }: { route: Route }) {
	const { session } = useSession();
	const needs = needsOf(route.name);
	if (needs !== null && !may(session, needs)) return <NotAllowed session={session} />;
	switch (route.name) {
		case "overview":
		case "setup":
		case "join":
			return (
				<OverviewPage
					platform={route.name === "overview" ? route.platform : ""}
					days={route.name === "overview" ? route.days : ""}
				/>
			);
		case "devices":
			return <DevicesPage filter={route.filter} />;
		case "device":
			return <DevicePage key={route.id} id={route.id} />;
		case "updates":
			return <UpdatesPage filter={route.filter} />;
		case "releases":
			return <ReleasesPage platform={route.platform} />;
		case "release":
			return (
				<ReleasePage key={`${route.platform} ${route.version}`} platform={route.platform} version={route.version} />
			);
		case "platforms":
			return <PlatformsPage />;
		case "platform":
			return <PlatformPage key={route.platform} name={route.platform} />;
		case "keys":
			return <KeysPage />;
		case "users":
			return <UsersPage />;
		case "user":
			return <UserPage key={route.user} name={route.user} />;
		case "roles":
			return <RolesPage />;
		case "role":
			return <RolePage key={route.role} name={route.role} />;
		case "account":
			return <AccountPage />;
		case "review":
			return <ReviewPage platform={route.platform} />;
		case "links":
			return <LinksPage platform={route.platform} state={route.state} />;
		case "downloads":
			return <DownloadsPage filter={route.filter} />;
		case "audit":
			return <AuditPage filter={route.filter} />;
		case "flash":
			return <FlashPage platform={route.platform} channel={route.channel} />;
		case "unknown":
			return <NotFound />;
	}
}

/** A page that one's roles do not open; leads to one that they do. */
function NotAllowed({ session }: { session: Session }) {
	const open = entriesFor(session)[0]?.entries[0];
	return (
		<>
			<PageHead title="Not for your roles" />
			<Empty
				icon="lock"
				title={open ? "Your roles do not open this page" : "Your roles do not open any page yet"}
				action={open ? <Link href={open.href}>Go to {open.name}</Link> : undefined}
			>
				<p>
					You have {session.user.roles.length > 0 ? session.user.roles.join(", ") : "no role"}. An administrator can
					give you others.
				</p>
			</Empty>
		</>
	);
}

function NotFound() {
	return (
		<>
			<PageHead title="Not found" />
			<Empty
				icon="search"
				title="There is no such page"
				action={<Link href={page.overview()}>Go to the overview</Link>}
			/>
		</>
	);
}
