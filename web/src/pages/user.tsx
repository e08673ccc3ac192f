import { useState } from "preact/hooks";
import { roleList, userChange, userDelete, userGet, userList, userSignInEnd, userSignIns } from "../api/people.ts";
import { useDenied, useSession } from "../api/session.ts";
import { EVERYWHERE, type Role, type SignIn, type User } from "../api/types.ts";
import { type Loaded, useLoad } from "../api/useLoad.ts";
import { Confirm } from "../forms/confirm.tsx";
import { ResetDialog, UserRolesDialog, whyNotGive } from "../forms/user.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Notice } from "../ui/feedback.tsx";
import { Icon } from "../ui/icon.tsx";
import { Facts, PageHead, Panel } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { toast } from "../ui/toast.tsx";
import { agentText } from "../util/agent.ts";
import { navigate } from "../util/location.ts";
import { tidy } from "../util/rights.ts";
import { RightsMatrix } from "./parts/matrix.tsx";
import { SignInTable } from "./parts/signins.tsx";
import { Ready } from "./parts/state.tsx";
import { FactorMark, RoleTags, UserMark } from "./users.tsx";
import "./people.css";

const ADMIN = "admin";

type Asked = "" | "roles" | "reset" | "disable" | "enable" | "delete" | { end: SignIn };

/** Why nothing may take the administrator out of this user: without one nobody could let anybody in again. */
export function whyLast(user: User, users: User[]): string {
	const isAdmin = (u: User) => u.state === "active" && u.roles.includes(ADMIN);
	const others = users.some((u) => u.name !== user.name && isAdmin(u));
	return isAdmin(user) && !others ? "The last administrator: make another one first" : "";
}

/** Nobody touches a person who may more than they do. */
function useAbove(user: User | null, roles: Role[]): string {
	const { session } = useSession();
	const lacking = roles.filter((r) => user?.roles.includes(r.name)).map((r) => whyNotGive(r, session));
	return lacking.find((why) => why !== "") ?? "";
}

export function UserPage({ name }: { name: string }) {
	const user = useLoad(`user ${name}`, (signal) => userGet(name, signal));
	const users = useLoad("users", userList);
	const roles = useLoad("roles", roleList);
	const signIns = useLoad(`sign-ins ${name}`, (signal) => userSignIns(name, signal));
	const [asked, setAsked] = useState<Asked>("");
	const u = user.data;
	const above = useAbove(u, roles.data ?? []);
	const denied = useDenied("user.manage", EVERYWHERE) || above;
	const last = u === null ? "" : whyLast(u, users.data ?? [u]);
	return (
		<>
			<PageHead
				title={name}
				above={
					<Link class="back" href={page.users()}>
						<Icon name="left" size={14} /> Users
					</Link>
				}
				beside={u ? <UserMark state={u.state} /> : null}
				actions={
					u ? (
						<Button icon="pencil" denied={denied} onClick={() => setAsked("roles")}>
							Change roles
						</Button>
					) : null
				}
			/>
			<Ready of={user}>
				{(data) => (
					<>
						{last ? (
							<Notice tone="info" title="The last administrator">
								{data.name} cannot be disabled, deleted or given other roles, since nobody could let anybody in any
								more. Make somebody else an administrator first.
							</Notice>
						) : null}
						<div class="columns">
							<div class="stack loose">
								<Panel title="Sign-ins" flush>
									<Ready of={signIns}>
										{(list) =>
											list.length > 0 ? (
												<SignInTable
													label={`Sign-ins of ${name}`}
													signIns={list}
													denied={denied}
													onEnd={(end) => setAsked({ end })}
												/>
											) : (
												<p class="quiet-line">Not signed in anywhere.</p>
											)
										}
									</Ready>
								</Panel>
								<Panel title="What they may do" flush>
									<RightsMatrix label={`Rights of ${name}`} grants={grantsOf(data, roles.data ?? [])} />
								</Panel>
							</div>
							<UserFacts user={data} roles={roles.data ?? []} denied={denied} last={last} onAsk={setAsked} />
						</div>
						<Dialogs
							asked={asked}
							user={data}
							loaded={user}
							roles={roles.data ?? []}
							signIns={signIns}
							onClose={() => setAsked("")}
						/>
					</>
				)}
			</Ready>
		</>
	);
}

/** The union of the roles' grants. */
function grantsOf(user: User, roles: Role[]) {
	return tidy(roles.filter((r) => user.roles.includes(r.name)).flatMap((r) => r.grants));
}

interface FactsProps {
	user: User;
	roles: Role[];
	denied: string;
	last: string;
	onAsk: (what: Asked) => void;
}

function UserFacts({ user, roles, denied, last, onAsk }: FactsProps) {
	const { session } = useSession();
	const self = user.name === session.user.name ? "This is you: use your account page" : "";
	return (
		<div class="stack loose">
			<Panel title="About">
				<Facts
					facts={[
						{ label: "Roles", value: <RoleTags names={user.roles} roles={roles} /> },
						{ label: "Second factor", value: <FactorMark on={user.totp} /> },
						{ label: "Last sign-in", value: <Time at={user.last_sign_in_at} none="never" focusable /> },
						{ label: "Invited", value: <Time at={user.created_at} focusable /> },
						{ label: "Invited by", value: user.created_by },
					]}
				/>
			</Panel>
			<Panel title="Actions">
				<div class="actions">
					<Button icon="key" denied={denied || self || last} onClick={() => onAsk("reset")}>
						{user.state === "invited" ? "New link" : "Reset password"}
					</Button>
					{user.state === "disabled" ? (
						<Button icon="check" denied={denied} onClick={() => onAsk("enable")}>
							Enable
						</Button>
					) : (
						<Button icon="lock" denied={denied || last || self} onClick={() => onAsk("disable")}>
							Disable
						</Button>
					)}
					<Button icon="bin" denied={denied || last || self} onClick={() => onAsk("delete")}>
						Delete
					</Button>
				</div>
			</Panel>
		</div>
	);
}

interface DialogsProps {
	asked: Asked;
	user: User;
	loaded: Loaded<User>;
	roles: Role[];
	signIns: Loaded<SignIn[]>;
	onClose: () => void;
}

function Dialogs({ asked, user, loaded, roles, signIns, onClose }: DialogsProps) {
	const show = (next: User) => {
		loaded.change(() => next);
		signIns.reload();
	};
	const switchTo = (disabled: boolean) => async () => {
		show(await userChange(user.name, { disabled }));
		toast(`${user.name} is ${disabled ? "disabled" : "enabled"}`);
		onClose();
	};
	if (typeof asked === "object") {
		const end = async () => {
			await userSignInEnd(user.name, asked.end.id);
			signIns.change((list) => list.filter((s) => s.id !== asked.end.id));
			toast("The sign-in has ended");
			onClose();
		};
		return (
			<Confirm title="End this sign-in?" action="End the sign-in" danger onConfirm={end} onClose={onClose}>
				<p>
					{user.name} is signed out of <strong>{agentText(asked.end.agent)}</strong> at <code>{asked.end.address}</code>{" "}
					at the next request, and can sign in again.
				</p>
			</Confirm>
		);
	}
	switch (asked) {
		case "":
			return null;
		case "roles":
			return <UserRolesDialog user={user} roles={roles} onClose={onClose} onDone={show} />;
		case "reset":
			return <ResetDialog user={user} onClose={onClose} onDone={show} />;
		case "disable":
			return (
				<Confirm
					title={`Disable ${user.name}?`}
					action={`Disable ${user.name}`}
					danger
					onConfirm={switchTo(true)}
					onClose={onClose}
				>
					<p>
						<strong>All their sign-ins end now</strong>, and they cannot sign in until they are enabled again. Password,
						second factor and roles stay.
					</p>
				</Confirm>
			);
		case "enable":
			return (
				<Confirm
					title={`Enable ${user.name}?`}
					action={`Enable ${user.name}`}
					onConfirm={switchTo(false)}
					onClose={onClose}
				>
					<p>They can sign in again, with the password, the second factor and the roles that they had.</p>
				</Confirm>
			);
		case "delete": {
			const remove = async () => {
				await userDelete(user.name);
				toast(`${user.name} is deleted`);
				navigate(page.users());
			};
			return (
				<Confirm
					title={`Delete ${user.name}?`}
					action={`Delete ${user.name}`}
					danger
					onConfirm={remove}
					onClose={onClose}
				>
					<p>
						<strong>It cannot be undone.</strong> Their sign-ins end now. What they did stays in the audit log under
						their name.
					</p>
				</Confirm>
			);
		}
	}
}
