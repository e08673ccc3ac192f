import { useState } from "preact/hooks";
import { roleDelete, rolePut } from "../api/people.ts";
import type { Role } from "../api/types.ts";
import { page } from "../paths.ts";
import { SelectField, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { navigate } from "../util/location.ts";
import { reach } from "../util/rights.ts";
import { Confirm } from "./confirm.tsx";
import { FormDialog } from "./dialog.tsx";
import { useSubmit } from "./useSubmit.ts";

const ROLE_NAME = "[a-z0-9][a-z0-9._\\-]*";

interface NewRoleProps {
	roles: Role[];
	/** Chosen already as what to copy from. */
	from?: string;
	onClose: () => void;
}

/** Makes a role with another's rights, or none, and goes to its page to change them. */
export function NewRoleDialog({ roles, from = "", onClose }: NewRoleProps) {
	const [name, setName] = useState("");
	const [title, setTitle] = useState("");
	const [source, setSource] = useState(from);
	const taken = roles.some((r) => r.name === name) ? "There is a role of this name" : "";
	const form = useSubmit(async () => {
		if (taken) return;
		const grants = roles.find((r) => r.name === source)?.grants ?? [];
		const made = await rolePut(name, title, grants);
		toast(`${made.title} is made`);
		navigate(page.role(made.name));
	}, ["/name", "/title"]);
	const copied = roles.find((r) => r.name === source);
	return (
		<FormDialog title="New role" form={form} action="Make role" denied={taken} onClose={onClose}>
			<TextField
				label="Title"
				value={title}
				onInput={setTitle}
				autofocus
				maxLength={200}
				error={form.errorAt("/title")}
				hint="What people read: Hall 3 service"
			/>
			<TextField
				label="Name"
				value={name}
				onInput={(value) => setName(value.toLowerCase())}
				maxLength={63}
				pattern={ROLE_NAME}
				error={taken || form.errorAt("/name")}
				hint="Small letters, digits, dots and dashes: hall-3. It stays."
			/>
			<SelectField
				label="Copy the rights of"
				value={source}
				options={[{ value: "", label: "none: begin empty" }, ...roles.map((r) => ({ value: r.name, label: r.title }))]}
				onChange={setSource}
				hint={copied ? reach(copied.grants) : "You choose them on the next page."}
			/>
		</FormDialog>
	);
}

export function DeleteRole({ role, onClose }: { role: Role; onClose: () => void }) {
	const remove = async () => {
		await roleDelete(role.name);
		toast(`${role.title} is deleted`);
		navigate(page.roles());
	};
	return (
		<Confirm title={`Delete ${role.title}?`} action="Delete role" danger onConfirm={remove} onClose={onClose}>
			<p>Nobody has this role, so nobody loses a right. It cannot be undone.</p>
		</Confirm>
	);
}
