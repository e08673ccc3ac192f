import { may } from "../../api/session.ts";
import type { Permission, Session } from "../../api/types.ts";
import { page } from "../../paths.ts";
import type { Route } from "../../routes.ts";
import type { IconName } from "../../ui/icon.tsx";

export interface Entry {
	name: string;
	icon: IconName;
	href: string;
	routes: Route["name"][];
	/** Shown to those who have this right somewhere. */
	needs: Permission;
}

export interface Group {
	title: string;
	entries: Entry[];
}

const GROUPS: Group[] = [
	{
		title: "Fleet",
		entries: [
			{ name: "Overview", icon: "grid", href: page.overview(), routes: ["overview"], needs: "device.read" },
			{ name: "Devices", icon: "chip", href: page.devices(), routes: ["devices", "device"], needs: "device.read" },
			{ name: "Updates", icon: "cycle", href: page.updates(), routes: ["updates"], needs: "device.read" },
		],
	},
	{
		title: "Ship",
		entries: [
			{
				name: "Releases",
				icon: "box",
				href: page.releases(),
				routes: ["releases", "release"],
				needs: "release.read",
			},
			{
				name: "Platforms",
				icon: "layers",
				href: page.platforms(),
				routes: ["platforms", "platform"],
				needs: "release.read",
			},
			{ name: "Review", icon: "pencil", href: page.review(), routes: ["review"], needs: "release.read" },
			{ name: "Links", icon: "link", href: page.links(), routes: ["links"], needs: "link.create" },
			{ name: "Flash", icon: "bolt", href: page.flash(), routes: ["flash"], needs: "release.read" },
		],
	},
	{
		title: "Records",
		entries: [
			{ name: "Downloads", icon: "download", href: page.downloads(), routes: ["downloads"], needs: "audit.read" },
			{ name: "Audit log", icon: "book", href: page.audit(), routes: ["audit"], needs: "audit.read" },
		],
	},
	{
		title: "Access",
		entries: [
			{ name: "Users", icon: "people", href: page.users(), routes: ["users", "user"], needs: "user.manage" },
			{ name: "Roles", icon: "shield", href: page.roles(), routes: ["roles", "role"], needs: "user.manage" },
			{ name: "Keys", icon: "key", href: page.keys(), routes: ["keys"], needs: "key.manage" },
		],
	},
];

/** Navigation shows what the person may do somewhere; the server decides again at every request. */
export function entriesFor(session: Session): Group[] {
	return GROUPS.map((g) => ({ ...g, entries: g.entries.filter((e) => may(session, e.needs)) })).filter(
		(g) => g.entries.length > 0,
	);
}

/** The right without which a page has nothing to show. */
export function needsOf(route: Route["name"]): Permission | null {
	return GROUPS.flatMap((g) => g.entries).find((e) => e.routes.includes(route))?.needs ?? null;
}
