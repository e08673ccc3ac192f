import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { STALE_AFTER_MS } from "../api/live.ts";
import { useSession } from "../api/session.ts";
import { useLiveStatus } from "../api/useLive.ts";
import { page } from "../paths.ts";
import type { Route } from "../routes.ts";
import { Link } from "../ui/button.tsx";
import { Choice } from "../ui/field.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Mark } from "../ui/mark.tsx";
import { useNow } from "../ui/time.tsx";
import { clock } from "../util/time.ts";
import { entriesFor } from "./parts/nav.ts";
import { readTheme, type Theme, writeTheme } from "./parts/theme.ts";

/** "/" puts the cursor into the page's search field, unless somebody is typing. */
function useSearchKey(): void {
	useEffect(() => {
		const onKey = (e: KeyboardEvent) => {
			const typing = e.target instanceof Element && e.target.closest("input, textarea, select, dialog");
			if (e.key !== "/" || e.ctrlKey || e.metaKey || typing) return;
			const field = document.getElementById("search");
			if (field) {
				e.preventDefault();
				field.focus();
			}
		};
		addEventListener("keydown", onKey);
		return () => removeEventListener("keydown", onKey);
	}, []);
}

export function Shell({ route, children }: { route: Route["name"]; children: ComponentChildren }) {
	const rail = useRef<HTMLElement>(null);
	const { session } = useSession();
	useSearchKey();
	const close = () => {
		if (rail.current?.matches(":popover-open")) rail.current.hidePopover();
	};
	return (
		<div class="shell">
			<a class="skip" href="#main">
				Skip to the content
			</a>
			<header class="top">
				<button type="button" class="button quiet only-icon" popovertarget="rail" aria-label="Menu">
					<Icon name="menu" />
				</button>
				<Brand />
				<span class="grow" />
				<LiveMark />
			</header>
			<nav id="rail" class="rail" aria-label="Main" popover="auto" ref={rail}>
				<Brand />
				{entriesFor(session).map((g) => (
					<section key={g.title} class="rail-group">
						<h2 id={`rail-${g.title}`}>{g.title}</h2>
						<ul class="rail-list" aria-labelledby={`rail-${g.title}`}>
							{g.entries.map((e) => (
								<li key={e.name}>
									<Link href={e.href} current={e.routes.includes(route)} onClick={close}>
										<Icon name={e.icon} />
										{e.name}
									</Link>
								</li>
							))}
						</ul>
					</section>
				))}
				<span class="grow" />
				<LiveMark />
				<Account onLeave={close} />
			</nav>
			<main id="main" class="main" tabIndex={-1}>
				{children}
			</main>
		</div>
	);
}

export function Brand() {
	return (
		<span class="brand">
			<svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
				<rect class="brand-tile" width="32" height="32" rx="8" />
				<path class="brand-line" d="M10 21a8 8 0 1 1 12 0M16 25V14.5m-4 4 4-4 4 4" />
			</svg>
			otad
		</span>
	);
}

/** Whether what is shown is current, and since when not. */
function LiveMark() {
	const { state, current_at_ms } = useLiveStatus();
	const now = useNow();
	const stale = state === "reconnecting" && now - current_at_ms > STALE_AFTER_MS;
	return (
		<span class="live" role="status">
			{state === "live" ? (
				<Mark shape="disc" tone="ok">
					Live
				</Mark>
			) : state === "connecting" ? (
				<Mark shape="dash" tone="idle">
					Connecting
				</Mark>
			) : !stale ? (
				<Mark shape="half" tone="warn">
					Reconnecting
				</Mark>
			) : (
				<Mark shape="cross" tone="bad">
					Stale since {clock(current_at_ms)}
				</Mark>
			)}
		</span>
	);
}

function Account({ onLeave }: { onLeave: () => void }) {
	const { session, signOut } = useSession();
	const menu = useRef<HTMLDivElement>(null);
	const close = () => {
		menu.current?.hidePopover();
		onLeave();
	};
	const [theme, setTheme] = useState<Theme>(readTheme);
	const choose = (value: string) => {
		writeTheme(value as Theme);
		setTheme(value as Theme);
	};
	return (
		<div class="account">
			<button type="button" class="button quiet account-button" popovertarget="account-menu">
				<Icon name="user" />
				<span class="cut grow">{session.user.name}</span>
				<Icon name="down" size={14} />
			</button>
			<div id="account-menu" class="menu" popover="auto" ref={menu}>
				<p class="menu-who">
					<strong class="cut">{session.user.name}</strong>
					<span class="muted small">{session.user.roles.join(", ")}</span>
				</p>
				<Choice
					label="Theme"
					value={theme}
					onChange={choose}
					options={[
						{ value: "auto", label: <ThemeLabel icon="half" text="Auto" /> },
						{ value: "light", label: <ThemeLabel icon="sun" text="Light" /> },
						{ value: "dark", label: <ThemeLabel icon="moon" text="Dark" /> },
					]}
				/>
				<Link href={page.account()} class="button" onClick={close}>
					<Icon name="user" />
					Your account
				</Link>
				<button type="button" class="button" onClick={signOut}>
					<Icon name="out" />
					Sign out
				</button>
			</div>
		</div>
	);
}

function ThemeLabel({ icon, text }: { icon: IconName; text: string }) {
	return (
		<>
			<Icon name={icon} size={14} />
			{text}
		</>
	);
}
