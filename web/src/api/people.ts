import { api, type Cursor } from "../paths.ts";
import { byRank } from "../util/rights.ts";
import { everything, type Signal, signedIn } from "./client.ts";
import { request } from "./http.ts";
import type {
	Account,
	Grant,
	Invitation,
	JoinCheck,
	List,
	OneTimeLink,
	RecoveryCodes,
	Role,
	Session,
	SignIn,
	TotpSecret,
	User,
} from "./types.ts";

/** Operations on people and roles (docs/SPEC.md section 8.13). */

export const joinCheck = (token: string) =>
	request<JoinCheck>("POST", api.joinCheck(), { body: { token }, anonymous: true });

export const join = (token: string, password: string, code?: string) =>
	signedIn(
		request<Session>("POST", api.join(), {
			body: { token, password, ...(code === undefined ? {} : { code }) },
			anonymous: true,
		}),
	);

export const userList = (signal?: Signal) =>
	everything((cursor: Cursor) => request<List<User>>("GET", api.users(cursor), { signal }));

export const userGet = (name: string, signal?: Signal) => request<User>("GET", api.user(name), { signal });

export const userInvite = (name: string, roles: string[]) =>
	request<Invitation>("POST", api.users(), { body: { name, roles } });

export const userChange = (name: string, body: { roles?: string[]; disabled?: boolean }) =>
	request<User>("PATCH", api.user(name), { body });

export const userDelete = (name: string) => request<void>("DELETE", api.user(name));

export const userReset = (name: string, totp: boolean) =>
	request<OneTimeLink>("POST", api.userReset(name), { body: { totp } });

export const userSignIns = (name: string, signal?: Signal) =>
	everything((cursor: Cursor) => request<List<SignIn>>("GET", api.userSignIns(name, cursor), { signal }));

export const userSignInEnd = (name: string, id: number) => request<void>("DELETE", api.userSignIn(name, id));

export const accountGet = (signal?: Signal) => request<Account>("GET", api.account(), { signal });

/** Answers a new session: the old one and all others end. */
export const passwordChange = (current: string, next: string) =>
	signedIn(request<Session>("POST", api.accountPassword(), { body: { current, new: next } }));

export const ownSignIns = (signal?: Signal) =>
	everything((cursor: Cursor) => request<List<SignIn>>("GET", api.accountSignIns(cursor), { signal }));

export const ownSignInEnd = (id: number) => request<void>("DELETE", api.accountSignIn(id));

export const otherSignInsEnd = () => request<void>("DELETE", api.accountSignIns());

export const totpBegin = (password: string) => request<TotpSecret>("POST", api.accountTotp(), { body: { password } });

export const totpConfirm = (code: string) =>
	request<RecoveryCodes>("POST", api.accountTotpConfirm(), { body: { code } });

export const totpDisable = (password: string, code: string) =>
	request<void>("POST", api.accountTotpDisable(), { body: { password, code } });

export const recoveryCodesNew = (code: string) =>
	request<RecoveryCodes>("POST", api.accountRecoveryCodes(), { body: { code } });

export const roleList = async (signal?: Signal) =>
	(await everything((cursor: Cursor) => request<List<Role>>("GET", api.roles(cursor), { signal }))).sort(byRank);

export const roleGet = (name: string, signal?: Signal) => request<Role>("GET", api.role(name), { signal });

export const rolePut = (name: string, title: string, grants: Grant[]) =>
	request<Role>("PUT", api.role(name), { body: { title, grants } });

export const roleDelete = (name: string) => request<void>("DELETE", api.role(name));
