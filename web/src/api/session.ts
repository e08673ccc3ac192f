import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Permission, Session } from "./types.ts";

export interface SessionAccess {
	session: Session;
	signOut: () => void;
}

export const SessionContext = createContext<SessionAccess | null>(null);

export function useSession(): SessionAccess {
	const access = useContext(SessionContext);
	if (access === null) throw new Error("no session around this component");
	return access;
}

/** Why an action is not allowed, or an empty text when it is. The server decides; this only explains in advance. */
export function useDenied(permission: Permission): string {
	const { session } = useSession();
	return session.permissions.includes(permission) || session.permissions.includes("*")
		? ""
		: `Your role, ${session.user.role}, lacks the right ${permission}`;
}
