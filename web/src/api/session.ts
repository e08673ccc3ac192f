import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { EVERYWHERE, type Permission, type Session } from "./types.ts";

export interface SessionAccess {
	session: Session;
	signOut: () => void;
	/** The session has been replaced: a new password, new rights. */
	renew: (session: Session) => void;
}

export const SessionContext = createContext<SessionAccess | null>(null);

export function useSession(): SessionAccess {
	const access = useContext(SessionContext);
	if (access === null) throw new Error("no session around this component");
	return access;
}

/** Whether the session has a right on a platform, or anywhere when none is given. */
export function may(session: Session, permission: Permission, platform?: string): boolean {
	if (platform === undefined) return session.permissions.includes(permission);
	return session.grants.some(
		(g) => (g.platform === platform || g.platform === EVERYWHERE) && g.permissions.includes(permission),
	);
}

export function useMay(permission: Permission, platform?: string): boolean {
	return may(useSession().session, permission, platform);
}

/** Why an action is not allowed, or an empty text when it is. The server decides; this only explains in advance. */
export function useDenied(permission: Permission, platform?: string): string {
	const { session } = useSession();
	if (may(session, permission, platform)) return "";
	const { roles } = session.user;
	const who = roles.length === 1 ? `Your role ${roles[0]} lacks` : `Your roles ${roles.join(", ")} lack`;
	const where = platform === undefined || platform === EVERYWHERE ? "" : ` on ${platform}`;
	return `${roles.length === 0 ? "You have no role and lack" : who} the right ${permission}${where}`;
}
