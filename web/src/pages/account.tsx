import { useState } from "preact/hooks";
import { accountGet, otherSignInsEnd, ownSignInEnd, ownSignIns } from "../api/people.ts";
import { useSession } from "../api/session.ts";
import type { Account, SignIn } from "../api/types.ts";
import { type Loaded, useLoad } from "../api/useLoad.ts";
import { ChangePassword } from "../forms/account.tsx";
import { Confirm } from "../forms/confirm.tsx";
import { NewRecoveryCodes, TotpDisable, TotpSetup } from "../forms/totp.tsx";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/feedback.tsx";
import { Mark } from "../ui/mark.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { toast } from "../ui/toast.tsx";
import { agentText } from "../util/agent.ts";
import { count } from "../util/list.ts";
import { RightsMatrix } from "./parts/matrix.tsx";
import { SignInTable } from "./parts/signins.tsx";
import { Ready } from "./parts/state.tsx";
import "./people.css";

/** From here on new recovery codes are advised. */
const CODES_FEW = 3;
const CODES_MADE = 10;

type Asked = "" | "password" | "totp" | "totp-off" | "codes" | "end-others" | { end: SignIn };

export function AccountPage() {
	const { session } = useSession();
	const account = useLoad("account", accountGet);
	const signIns = useLoad("own sign-ins", ownSignIns);
	const [asked, setAsked] = useState<Asked>("");
	const close = () => setAsked("");
	return (
		<>
			<PageHead title="Your account" beside={<span class="muted">{session.user.name}</span>} />
			<Ready of={account}>{(data) => <Security account={data} onAsk={setAsked} />}</Ready>
			<Panel
				title="Sign-ins"
				flush
				beside={
					(signIns.data?.length ?? 0) > 1 ? (
						<Button onClick={() => setAsked("end-others")}>End all others</Button>
					) : null
				}
			>
				<Ready of={signIns}>
					{(list) => <SignInTable label="Your sign-ins" signIns={list} onEnd={(end) => setAsked({ end })} />}
				</Ready>
			</Panel>
			<Panel title="What you may do" flush beside={<Roles account={account} />}>
				<RightsMatrix label="Your rights" grants={session.grants} />
			</Panel>
			<Dialogs asked={asked} account={account} signIns={signIns} onClose={close} />
		</>
	);
}

function Roles({ account }: { account: Loaded<Account> }) {
	const roles = account.data?.roles ?? [];
	return (
		<span class="row tight">
			{roles.map((r) => (
				<span key={r} class="tag">
					{r}
				</span>
			))}
		</span>
	);
}

function Security({ account, onAsk }: { account: Account; onAsk: (what: Asked) => void }) {
	const left = account.recovery_codes_left;
	return (
		<Panel title="Security">
			{account.totp ? null : (
				<Notice
					tone="info"
					title="Add a second factor"
					action={
						<Button kind="primary" icon="shield" onClick={() => onAsk("totp")}>
							Set up
						</Button>
					}
				>
					A stolen password then opens nothing. You need an authenticator app on your phone.
				</Notice>
			)}
			<ul class="settings">
				<li>
					<div class="setting">
						<h3>Password</h3>
						<p class="muted">
							Last sign-in <Time at={account.last_sign_in_at} none="never" focusable />
						</p>
					</div>
					<Button onClick={() => onAsk("password")}>Change password</Button>
				</li>
				<li>
					<div class="setting">
						<h3>Second factor</h3>
						{account.totp ? (
							<Mark shape="check" tone="ok">
								On: a code from your authenticator app
							</Mark>
						) : (
							<Mark shape="dash" tone="warn">
								Off: your password alone opens the door
							</Mark>
						)}
					</div>
					{account.totp ? <Button onClick={() => onAsk("totp-off")}>Switch off</Button> : null}
				</li>
				{account.totp ? (
					<li>
						<div class="setting">
							<h3>Recovery codes</h3>
							<Mark shape={left > CODES_FEW ? "disc" : "half"} tone={left > CODES_FEW ? "ok" : "warn"}>
								{left} of {CODES_MADE} left{left > CODES_FEW ? "" : ": make new ones before they run out"}
							</Mark>
						</div>
						<Button onClick={() => onAsk("codes")}>New codes</Button>
					</li>
				) : null}
			</ul>
		</Panel>
	);
}

interface DialogsProps {
	asked: Asked;
	account: Loaded<Account>;
	signIns: Loaded<SignIn[]>;
	onClose: () => void;
}

function Dialogs({ asked, account, signIns, onClose }: DialogsProps) {
	if (typeof asked === "object") {
		const { end } = asked;
		const endIt = async () => {
			await ownSignInEnd(end.id);
			signIns.change((list) => list.filter((s) => s.id !== end.id));
			toast("The sign-in has ended");
			onClose();
		};
		return (
			<Confirm title="End this sign-in?" action="End the sign-in" danger onConfirm={endIt} onClose={onClose}>
				<p>
					<strong>{agentText(end.agent)}</strong> at <code>{end.address}</code> is signed out at its next request. If
					you do not know it, change your password too.
				</p>
			</Confirm>
		);
	}
	const form = { onClose, onDone: account.reload };
	switch (asked) {
		case "":
			return null;
		case "password":
			return <ChangePassword onClose={onClose} onDone={signIns.reload} />;
		case "totp":
			return <TotpSetup {...form} />;
		case "totp-off":
			return <TotpDisable {...form} />;
		case "codes":
			return <NewRecoveryCodes {...form} />;
		case "end-others": {
			const others = signIns.data?.filter((s) => !s.current) ?? [];
			const endOthers = async () => {
				await otherSignInsEnd();
				signIns.reload();
				toast("All other sign-ins have ended");
				onClose();
			};
			return (
				<Confirm title="End all other sign-ins?" action="End all others" danger onConfirm={endOthers} onClose={onClose}>
					<p>
						{count(others.length, "other sign-in")} {others.length === 1 ? "ends" : "end"}. This one goes on.
					</p>
				</Confirm>
			);
		}
	}
}
