import { EVERYWHERE, type Grant, PERMISSIONS, type Permission, type Role } from "../api/types.ts";

/** Rights in words, and grants as sets: pure. */

export interface Right {
	permission: Permission;
	label: string;
	/** Counts on all platforms only. */
	wide?: true;
	/** Is of little use without this one. */
	needs?: Permission;
}

export interface RightsGroup {
	title: string;
	rights: Right[];
}

export const RIGHTS: RightsGroup[] = [
	{
		title: "Devices",
		rights: [
			{ permission: "device.read", label: "See devices and updates" },
			{ permission: "device.write", label: "Change devices, assign releases", needs: "device.read" },
		],
	},
	{
		title: "Releases",
		rights: [
			{ permission: "release.read", label: "See and download" },
			{ permission: "release.upload", label: "Upload", needs: "release.read" },
			{ permission: "release.manage", label: "Release to a channel, edit notes", needs: "release.read" },
			{ permission: "release.promote", label: "Promote between channels", needs: "release.read" },
			{ permission: "release.withdraw", label: "Withdraw", needs: "release.read" },
			{ permission: "link.create", label: "Make download links", needs: "release.read" },
		],
	},
	{
		title: "Administration",
		rights: [
			{ permission: "audit.read", label: "Read the logs" },
			{ permission: "platform.manage", label: "Change platforms" },
			{ permission: "key.manage", label: "Make and revoke keys", wide: true },
			{ permission: "user.manage", label: "Manage people and roles", wide: true },
		],
	},
];

export const ALL_RIGHTS: Right[] = RIGHTS.flatMap((g) => g.rights);

const RIGHT_OF = new Map(ALL_RIGHTS.map((r) => [r.permission as string, r]));

/** A right in words; one that this page does not know as it came. */
export function rightLabel(permission: string): string {
	return RIGHT_OF.get(permission)?.label ?? permission;
}

/** Granted on exactly this platform, "*" among them. */
export function isGranted(grants: readonly Grant[], permission: string, platform: string): boolean {
	return grants.some((g) => g.platform === platform && g.permissions.includes(permission));
}

/** Granted on this platform, or on all. */
export function counts(grants: readonly Grant[], permission: string, platform: string): boolean {
	return isGranted(grants, permission, platform) || isGranted(grants, permission, EVERYWHERE);
}

function place(platform: string): string {
	return platform === EVERYWHERE ? "" : platform;
}

/** One grant a platform, "*" first, rights in the order of PERMISSIONS, nothing empty: equal rights look equal. */
export function tidy(grants: readonly Grant[]): Grant[] {
	const platforms = [...new Set(grants.map((g) => g.platform))].sort((a, b) => (place(a) < place(b) ? -1 : 1));
	return platforms
		.map((platform) => ({
			platform,
			permissions: PERMISSIONS.filter((p) => isGranted(grants, p, platform)) as string[],
		}))
		.filter((g) => g.permissions.length > 0);
}

/** With or without a right on a platform; what it needs comes with it, unless it counts there already. */
export function withRight(grants: readonly Grant[], right: Right, platform: string, on: boolean): Grant[] {
	if (!on) {
		return tidy(
			grants.map((g) =>
				g.platform === platform ? { ...g, permissions: g.permissions.filter((p) => p !== right.permission) } : g,
			),
		);
	}
	const needed = right.needs !== undefined && !counts(grants, right.needs, platform) ? [right.needs] : [];
	return tidy([...grants, { platform, permissions: [right.permission, ...needed] }]);
}

/** How many rights differ. */
export function differences(a: readonly Grant[], b: readonly Grant[]): number {
	const flat = (grants: readonly Grant[]) =>
		new Set(grants.flatMap((g) => g.permissions.map((p) => `${p} ${g.platform}`)));
	const left = flat(a);
	const right = flat(b);
	return [...left].filter((x) => !right.has(x)).length + [...right].filter((x) => !left.has(x)).length;
}

/** Built-in roles first, those that may more before those that may less, then by title. */
export function byRank(a: Role, b: Role): number {
	const size = (r: Role) => r.grants.reduce((n, g) => n + g.permissions.length, 0);
	if (a.builtin !== b.builtin) return a.builtin ? -1 : 1;
	return (a.builtin ? size(b) - size(a) : 0) || a.title.localeCompare(b.title);
}

/** "4 rights on all platforms, 3 rights on esp8266": where a role reaches. */
export function reach(grants: readonly Grant[]): string {
	const parts = tidy(grants).map((g) => {
		const n = g.permissions.length;
		const what = n === PERMISSIONS.length ? "everything" : n === 1 ? rightLabel(g.permissions[0] ?? "") : `${n} rights`;
		return g.platform === EVERYWHERE ? `${what} on all platforms` : `${what} on ${g.platform}`;
	});
	const text = parts.join(", ");
	return text === "" ? "nothing yet" : text.charAt(0).toLowerCase() + text.slice(1);
}
