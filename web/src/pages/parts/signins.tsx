import type { SignIn } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { Mark } from "../../ui/mark.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { agentText } from "../../util/agent.ts";

interface SignInTableProps {
	label: string;
	signIns: SignIn[];
	/** Why they cannot be ended, or empty. */
	denied?: string;
	onEnd: (signIn: SignIn) => void;
}

/** Where somebody is signed in, the newest use first. */
export function SignInTable({ label, signIns, denied = "", onEnd }: SignInTableProps) {
	const rows = [...signIns].sort(
		(a, b) => Number(b.current) - Number(a.current) || (a.last_used_at < b.last_used_at ? 1 : -1),
	);
	const columns: Column<SignIn>[] = [
		{ key: "agent", label: "Browser", cell: (s) => <Browser signIn={s} /> },
		{ key: "address", label: "Address", cell: (s) => <code>{s.address}</code>, from: 2, width: "24%" },
		{ key: "used", label: "Last used", cell: (s) => <Time at={s.last_used_at} />, from: 2, width: "104px", open: true },
		{ key: "since", label: "Signed in", cell: (s) => <Time at={s.created_at} />, from: 3, width: "104px", open: true },
		{ key: "ends", label: "Ends", cell: (s) => <Time at={s.expires_at} />, from: 4, width: "104px", open: true },
		{
			key: "end",
			label: "Actions",
			quiet: true,
			cell: (s) =>
				s.current ? null : (
					<Button
						kind="quiet"
						denied={denied}
						label={`End the sign-in of ${agentText(s.agent)}, ${s.address}`}
						onClick={() => onEnd(s)}
					>
						End
					</Button>
				),
			width: "80px",
			align: "right",
		},
	];
	return <Table label={label} rows={rows} columns={columns} rowKey={(s) => String(s.id)} />;
}

function Browser({ signIn }: { signIn: SignIn }) {
	return (
		<span class="name">
			<strong class="cut" title={signIn.agent}>
				{agentText(signIn.agent)}
			</strong>
			{signIn.current ? (
				<Mark shape="disc" tone="ok">
					This one
				</Mark>
			) : null}
			<span class="name-narrow muted">
				<code>{signIn.address}</code>
				<Time at={signIn.last_used_at} />
			</span>
		</span>
	);
}
