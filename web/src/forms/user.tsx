import { useState } from "preact/hooks";
import { userChange, userInvite, userReset } from "../api/people.ts";
import { may, useSession } from "../api/session.ts";
import type { OneTimeLink, Permission, Role, Session, User } from "../api/types.ts";
import { CopyButton } from "../ui/copy.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { reach } from "../util/rights.ts";
import { absolute, instant } from "../util/time.ts";
import { FormDialog, OnceDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

/** Why one cannot hand out a role: nobody gives a right that they lack. */
export function whyNotGive(role: Role, session: Session): string {
	for (const g of role.grants) {
		const lacking = g.permissions.find((p) => !may(session, p as Permission, g.platform));
		if (lacking !== undefined) return `You lack ${lacking} yourself`;
	}
	return "";
}

interface RoleChoiceProps {
	roles: Role[];
	chosen: string[];
	onChange: (roles: string[]) => void;
	error: string;
	/** Roles had already: they can be taken off and put back. */
	had?: string[];
}

function RoleChoice({ roles, chosen, onChange, error, had = [] }: RoleChoiceProps) {
	const { session } = useSession();
	return (
		<fieldset class="group">
			<legend>Roles</legend>
			{roles.map((r) => {
				const why = had.includes(r.name) ? "" : whyNotGive(r, session);
				return (
					<CheckField
						key={r.name}
						label={r.title}
						hint={why || reach(r.grants)}
						checked={chosen.includes(r.name)}
						disabled={why !== ""}
						onChange={(on) => onChange(on ? [...chosen, r.name] : chosen.filter((x) => x !== r.name))}
					/>
				);
			})}
			{error ? <p class="field-error">{error}</p> : null}
		</fieldset>
	);
}

interface InviteProps {
	roles: Role[];
	onClose: () => void;
	onDone: () => void;
}

/** Makes a user without a password, and the link by which they choose one. */
export function InviteDialog({ roles, onClose, onDone }: InviteProps) {
	const [name, setName] = useState("");
	const [chosen, setChosen] = useState<string[]>([]);
	const [made, setMade] = useState<OneTimeLink | null>(null);
	const form = useSubmit(async () => {
		setMade(await userInvite(name, chosen));
		onDone();
	}, ["/name", "/roles"]);
	if (made !== null) return <LinkDialog title={`Invitation of ${name}`} name={name} made={made} onClose={onClose} />;
	return (
		<FormDialog
			title="Invite somebody"
			form={form}
			action="Make invitation"
			denied={chosen.length === 0 ? "Choose at least one role" : ""}
			onClose={onClose}
		>
			<TextField
				label="Name"
				value={name}
				onInput={setName}
				autofocus
				maxLength={64}
				error={form.errorAt("/name")}
				hint="What they sign in with, and what the logs call them: anna, b.meyer"
			/>
			<RoleChoice roles={roles} chosen={chosen} onChange={setChosen} error={form.errorAt("/roles")} />
		</FormDialog>
	);
}

interface LinkProps {
	title: string;
	name: string;
	made: OneTimeLink;
	onClose: () => void;
}

/** The link, shown once: closed only on purpose. */
function LinkDialog({ title, name, made, onClose }: LinkProps) {
	return (
		<OnceDialog
			title={title}
			done="I have passed it on"
			beside={<CopyButton text={made.link} label="link" worded />}
			onClose={onClose}
		>
			<p>
				Give this link to <strong>{name}</strong> by a way that you trust: whoever opens it first chooses the password.{" "}
				<strong>It is not shown again.</strong>
			</p>
			<div class="secret">
				<code>{made.link}</code>
			</div>
			<p class="muted small">It counts once, until {absolute(instant(made.expires_at))}.</p>
		</OnceDialog>
	);
}

interface UserFormProps {
	user: User;
	onClose: () => void;
	onDone: (user: User) => void;
}

export function UserRolesDialog({ user, roles, onClose, onDone }: UserFormProps & { roles: Role[] }) {
	const [chosen, setChosen] = useState(user.roles);
	const form = useSubmit(async () => {
		onDone(await userChange(user.name, { roles: chosen }));
		toast(`${user.name} has new roles`);
		onClose();
	}, ["/roles"]);
	const same = chosen.length === user.roles.length && chosen.every((r) => user.roles.includes(r));
	return (
		<FormDialog
			title={`Roles of ${user.name}`}
			form={form}
			action="Save roles"
			denied={chosen.length === 0 ? "Choose at least one role" : same ? "Nothing has changed" : ""}
			onClose={onClose}
		>
			<RoleChoice roles={roles} chosen={chosen} onChange={setChosen} error={form.errorAt("/roles")} had={user.roles} />
			<p class="field-hint">What they may do is the sum of their roles. It counts from their next request on.</p>
		</FormDialog>
	);
}

/** A new password by a one-time link; the second factor stays unless it is lost too. */
export function ResetDialog({ user, onClose, onDone }: UserFormProps) {
	const [totp, setTotp] = useState(false);
	const [made, setMade] = useState<OneTimeLink | null>(null);
	const form = useSubmit(async () => {
		setMade(await userReset(user.name, totp));
		onDone({ ...user, state: "invited", totp: user.totp && !totp });
	});
	if (made !== null) {
		return <LinkDialog title={`A new password for ${user.name}`} name={user.name} made={made} onClose={onClose} />;
	}
	const again = user.state === "invited";
	return (
		<FormDialog
			title={again ? `A new link for ${user.name}` : `Reset the password of ${user.name}`}
			form={form}
			action={again ? "Make link" : "Reset password"}
			danger={!again}
			onClose={onClose}
		>
			<div class="consequence">
				{again ? (
					<p>You get a new one-time link to pass on. The one before stops working.</p>
				) : (
					<p>
						The password stops working and <strong>all their sign-ins end</strong>. You get a one-time link to pass on,
						by which they choose a new one.
					</p>
				)}
			</div>
			{user.totp ? (
				<CheckField
					label="Take the second factor off too"
					hint="When the phone and the recovery codes are lost. Make sure that it is really them who ask."
					checked={totp}
					onChange={setTotp}
				/>
			) : null}
		</FormDialog>
	);
}
