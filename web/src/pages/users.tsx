import { useState } from "preact/hooks";
import { roleList, userList } from "../api/people.ts";
import { useDenied } from "../api/session.ts";
import { EVERYWHERE, type Role, type User, type UserState } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { InviteDialog } from "../forms/user.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Mark } from "../ui/mark.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { count } from "../util/list.ts";
import { Ready } from "./parts/state.tsx";
import "./people.css";

export function UsersPage() {
	const users = useLoad("users", userList);
	const roles = useLoad("roles", roleList);
	const [inviting, setInviting] = useState(false);
	const denied = useDenied("user.manage", EVERYWHERE);
	const n = users.data?.length ?? 0;
	return (
		<>
			<PageHead
				title="Users"
				beside={users.data ? <span class="muted">{count(n, "person", "people")}</span> : null}
				actions={
					<Button kind="primary" icon="plus" denied={denied} onClick={() => setInviting(true)}>
						Invite
					</Button>
				}
			/>
			<Ready of={users}>
				{(list) => (
					<Table
						label="Users"
						rows={list}
						columns={columns(roles.data ?? [])}
						rowKey={(u) => u.name}
						rowClass={(u) => (u.state === "disabled" ? "past" : "")}
					/>
				)}
			</Ready>
			{inviting && roles.data ? (
				<InviteDialog roles={roles.data} onClose={() => setInviting(false)} onDone={users.reload} />
			) : null}
		</>
	);
}

function columns(roles: Role[]): Column<User>[] {
	return [
		{ key: "name", label: "Name", cell: (u) => <UserName user={u} roles={roles} />, width: "24%" },
		{ key: "state", label: "State", cell: (u) => <UserMark state={u.state} />, width: "104px" },
		{ key: "roles", label: "Roles", cell: (u) => <RoleTags names={u.roles} roles={roles} />, from: 2 },
		{ key: "totp", label: "Second factor", cell: (u) => <FactorMark on={u.totp} />, from: 3, width: "124px" },
		{
			key: "seen",
			label: "Last sign-in",
			cell: (u) => <Time at={u.last_sign_in_at} none="never" />,
			from: 2,
			width: "116px",
			open: true,
		},
		{ key: "by", label: "Invited by", cell: (u) => u.created_by, from: 4, width: "116px" },
	];
}

function UserName({ user, roles }: { user: User; roles: Role[] }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.user(user.name)}>
				{user.name}
			</Link>
			<span class="name-narrow muted">{user.roles.map((r) => titleOf(r, roles)).join(", ")}</span>
		</span>
	);
}

function titleOf(name: string, roles: Role[]): string {
	return roles.find((r) => r.name === name)?.title ?? name;
}

export function RoleTags({ names, roles }: { names: string[]; roles: Role[] }) {
	return (
		<span class="row tight">
			{names.map((n) => (
				<span key={n} class="tag">
					{titleOf(n, roles)}
				</span>
			))}
		</span>
	);
}

export function UserMark({ state }: { state: UserState }) {
	switch (state) {
		case "active":
			return (
				<Mark shape="disc" tone="ok">
					Active
				</Mark>
			);
		case "invited":
			return (
				<Mark shape="dash" tone="accent">
					Invited
				</Mark>
			);
		case "disabled":
			return (
				<Mark shape="stop" tone="idle">
					Disabled
				</Mark>
			);
	}
}

export function FactorMark({ on }: { on: boolean }) {
	return on ? (
		<Mark shape="check" tone="ok">
			On
		</Mark>
	) : (
		<Mark shape="ring" tone="idle">
			Off
		</Mark>
	);
}
