import { useState } from "preact/hooks";
import { sessionGet } from "../api/client.ts";
import { roleGet, roleList, rolePut, userList } from "../api/people.ts";
import { may, useDenied, useSession } from "../api/session.ts";
import { EVERYWHERE, type Grant, type Role } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { ProblemNotice } from "../forms/problem.tsx";
import { DeleteRole, NewRoleDialog } from "../forms/role.tsx";
import { useSubmit } from "../forms/useSubmit.ts";
import { page } from "../paths.ts";
import { Button, Link } from "../ui/button.tsx";
import { Select, TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { count } from "../util/list.ts";
import { differences, type Right, tidy } from "../util/rights.ts";
import { RightsMatrix } from "./parts/matrix.tsx";
import { Ready } from "./parts/state.tsx";
import "./people.css";
import { usePlatforms } from "./parts/platforms.ts";

type Asked = "" | "copy" | "delete";

export function RolePage({ name }: { name: string }) {
	const role = useLoad(`role ${name}`, (signal) => roleGet(name, signal));
	const roles = useLoad("roles", roleList);
	const [asked, setAsked] = useState<Asked>("");
	const denied = useDenied("user.manage", EVERYWHERE);
	const r = role.data;
	return (
		<>
			<PageHead
				title={r?.title ?? name}
				above={
					<Link class="back" href={page.roles()}>
						<Icon name="left" size={14} /> Roles
					</Link>
				}
				beside={r?.builtin ? <span class="tag">built in</span> : <code class="muted">{name}</code>}
				actions={
					r ? (
						<>
							<Button icon="copy" denied={denied} onClick={() => setAsked("copy")}>
								Copy
							</Button>
							{r.builtin ? null : (
								<Button icon="bin" denied={denied || whyKept(r)} onClick={() => setAsked("delete")}>
									Delete
								</Button>
							)}
						</>
					) : null
				}
			/>
			<Ready of={role}>
				{(data) => (
					<>
						{data.builtin ? (
							<Panel title="Rights" flush beside={<span class="muted small">Built in: copy it to change it</span>}>
								<RightsMatrix label={`Rights of ${data.title}`} grants={data.grants} />
							</Panel>
						) : (
							<RoleForm role={data} roles={roles.data ?? []} denied={denied} onDone={role.change} />
						)}
						<Holders role={data} />
					</>
				)}
			</Ready>
			{asked === "copy" ? <NewRoleDialog roles={roles.data ?? []} from={name} onClose={() => setAsked("")} /> : null}
			{asked === "delete" && r ? <DeleteRole role={r} onClose={() => setAsked("")} /> : null}
		</>
	);
}

function whyKept(role: Role): string {
	if (role.user_count === 0) return "";
	return `${count(role.user_count, "person has", "people have")} this role: take it from them first`;
}

interface FormProps {
	role: Role;
	roles: Role[];
	denied: string;
	onDone: (change: (role: Role) => Role) => void;
}

/** The matrix, and a bar that says what saving would change. */
function RoleForm({ role, roles, denied, onDone }: FormProps) {
	const { session, renew } = useSession();
	const platforms = usePlatforms();
	const [grants, setGrants] = useState<Grant[]>(tidy(role.grants));
	const [title, setTitle] = useState(role.title);
	const changed = differences(grants, role.grants) + (title === role.title ? 0 : 1);
	const form = useSubmit(async () => {
		const next = await rolePut(role.name, title, tidy(grants));
		toast(`${next.title} is saved`);
		onDone(() => next);
		setGrants(tidy(next.grants));
		setTitle(next.title);
		if (session.user.roles.includes(role.name)) renew(await sessionGet());
	}, ["/title"]);
	const whyNot = (right: Right, platform: string) =>
		denied || (may(session, right.permission, platform) ? "" : `You lack ${right.permission} yourself`);
	const names = [...new Set([...(platforms.data ?? []).map((p) => p.name), ...role.grants.map((g) => g.platform)])];
	return (
		<form class="stack loose" onSubmit={form.submit}>
			<ProblemNotice problem={form.problem} />
			<Panel title="About">
				<div class="form-two">
					<TextField
						label="Title"
						value={title}
						onInput={setTitle}
						maxLength={200}
						error={form.errorAt("/title")}
						hint="What people read."
					/>
					<TextField label="Name" value={role.name} onInput={() => undefined} mono fixed hint="It stays." />
				</div>
			</Panel>
			<Panel
				title="Rights"
				flush
				beside={
					<Select
						label="Take over the rights of another role"
						value=""
						options={[
							{ value: "", label: "Copy from…" },
							...roles.filter((r) => r.name !== role.name).map((r) => ({ value: r.name, label: r.title })),
						]}
						onChange={(from) => setGrants(tidy(roles.find((r) => r.name === from)?.grants ?? grants))}
					/>
				}
			>
				<RightsMatrix
					label={`Rights of ${role.title}`}
					grants={grants}
					platforms={names.filter((n) => n !== EVERYWHERE)}
					onChange={setGrants}
					denied={whyNot}
				/>
			</Panel>
			<div class="savebar">
				<span class="grow muted" role="status">
					{changed === 0 ? "Nothing to save" : count(changed, "change")}
				</span>
				<Button
					denied={changed === 0 ? "Nothing has changed" : ""}
					onClick={() => {
						setGrants(tidy(role.grants));
						setTitle(role.title);
					}}
				>
					Discard
				</Button>
				<Button
					type="submit"
					kind="primary"
					busy={form.pending}
					denied={
						denied ||
						(changed === 0 ? "Nothing has changed" : grants.length === 0 ? "A role without a right is none" : "")
					}
				>
					Save role
				</Button>
			</div>
		</form>
	);
}

/** Who has it. */
function Holders({ role }: { role: Role }) {
	const users = useLoad("users", userList);
	const holders = (users.data ?? []).filter((u) => u.roles.includes(role.name));
	return (
		<Panel title="People with this role">
			{holders.length > 0 ? (
				<ul class="row">
					{holders.map((u) => (
						<li key={u.name}>
							<Link class="button" href={page.user(u.name)}>
								<Icon name="user" />
								{u.name}
							</Link>
						</li>
					))}
				</ul>
			) : (
				<p class="muted">Nobody has it yet.</p>
			)}
		</Panel>
	);
}
