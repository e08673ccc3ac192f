import { useState } from "preact/hooks";
import { roleList } from "../api/people.ts";
import { useDenied } from "../api/session.ts";
import { EVERYWHERE, type Role } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { NewRoleDialog } from "../forms/role.tsx";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { PageHead } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { count } from "../util/list.ts";
import { reach } from "../util/rights.ts";
import { Ready } from "./parts/state.tsx";
import "./people.css";

const COLUMNS: Column<Role>[] = [
	{ key: "title", label: "Role", cell: (r) => <RoleName role={r} />, width: "30%" },
	{ key: "reach", label: "Rights", cell: (r) => <span title={reach(r.grants)}>{reach(r.grants)}</span>, from: 2 },
	{ key: "kind", label: "Kind", cell: (r) => (r.builtin ? <span class="muted">built in</span> : "own"), width: "84px" },
	{
		key: "users",
		label: "People",
		cell: (r) => (r.user_count > 0 ? r.user_count : <span class="muted">0</span>),
		align: "right",
		width: "76px",
	},
];

export function RolesPage() {
	const roles = useLoad("roles", roleList);
	const [making, setMaking] = useState(false);
	const denied = useDenied("user.manage", EVERYWHERE);
	return (
		<>
			<PageHead
				title="Roles"
				beside={roles.data ? <span class="muted">{count(roles.data.length, "role")}</span> : null}
				actions={
					<Button kind="primary" icon="plus" denied={denied} onClick={() => setMaking(true)}>
						New role
					</Button>
				}
			/>
			<Ready of={roles}>{(list) => <Table label="Roles" rows={list} columns={COLUMNS} rowKey={(r) => r.name} />}</Ready>
			{making && roles.data ? <NewRoleDialog roles={roles.data} onClose={() => setMaking(false)} /> : null}
		</>
	);
}

function RoleName({ role }: { role: Role }) {
	return (
		<span class="name">
			<Link class="row-link" href={page.role(role.name)}>
				{role.title}
			</Link>
			<span class="name-id">{role.name}</span>
		</span>
	);
}
