import { useState } from "preact/hooks";
import { apiKeyList, apiKeyRevoke, gatewayTokenList, gatewayTokenRevoke } from "../api/client.ts";
import { useDenied } from "../api/session.ts";
import { type ApiKey, EVERYWHERE, type GatewayToken } from "../api/types.ts";
import { useLoad } from "../api/useLoad.ts";
import { Confirm } from "../forms/confirm.tsx";
import { NewGatewayDialog, NewKeyDialog } from "../forms/key.tsx";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/feedback.tsx";
import { Mark } from "../ui/mark.tsx";
import { PageHead, Panel } from "../ui/page.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time, useNow } from "../ui/time.tsx";
import { toast } from "../ui/toast.tsx";
import { rightLabel } from "../util/rights.ts";
import { usePlatforms } from "./parts/platforms.ts";
import { Ready } from "./parts/state.tsx";

/** A key that ends within this is marked: CI stops when nobody looks. */
const SOON_MS = 14 * 86_400_000;

type Asked =
	| { what: "" | "key" | "gateway" }
	| { what: "revoke-key"; key: ApiKey }
	| { what: "revoke-gateway"; token: GatewayToken };

export function KeysPage() {
	const keys = useLoad("api keys", apiKeyList);
	const gateways = useLoad("gateway tokens", gatewayTokenList);
	const platforms = usePlatforms();
	const [asked, setAsked] = useState<Asked>({ what: "" });
	const close = () => setAsked({ what: "" });
	const denied = useDenied("key.manage", EVERYWHERE);
	return (
		<>
			<PageHead title="Keys" beside={<span class="muted">for CI and for devices</span>} />
			<Panel
				title="API keys"
				flush
				beside={
					<Button icon="plus" denied={denied} onClick={() => setAsked({ what: "key" })}>
						New API key
					</Button>
				}
			>
				<Ready of={keys}>
					{(list) =>
						list.length > 0 ? (
							<Table
								label="API keys"
								rows={list}
								columns={keyColumns(denied, (key) => setAsked({ what: "revoke-key", key }))}
								rowKey={(k) => String(k.id)}
								rowClass={revokedClass}
							/>
						) : (
							<Empty icon="key" title="No API key yet">
								<p>CI needs one to publish releases. Scope it to the platforms it builds and to uploading only.</p>
							</Empty>
						)
					}
				</Ready>
			</Panel>
			<Panel
				title="Gateway tokens"
				flush
				beside={
					<Button icon="plus" denied={denied} onClick={() => setAsked({ what: "gateway" })}>
						New gateway token
					</Button>
				}
			>
				<Ready of={gateways}>
					{(list) =>
						list.length > 0 ? (
							<Table
								label="Gateway tokens"
								rows={list}
								columns={gatewayColumns(denied, (token) => setAsked({ what: "revoke-gateway", token }))}
								rowKey={(t) => String(t.id)}
								rowClass={revokedClass}
							/>
						) : (
							<Empty icon="chip" title="No gateway token yet">
								<p>
									Devices that share one add themselves at their first poll: right for a factory line or a first test.
								</p>
							</Empty>
						)
					}
				</Ready>
			</Panel>
			{asked.what === "key" ? (
				<NewKeyDialog platforms={platforms.data ?? []} onClose={close} onDone={keys.reload} />
			) : null}
			{asked.what === "gateway" ? (
				<NewGatewayDialog platforms={platforms.data ?? []} onClose={close} onDone={gateways.reload} />
			) : null}
			{asked.what === "revoke-key" ? <RevokeKey apiKey={asked.key} onClose={close} onDone={keys.reload} /> : null}
			{asked.what === "revoke-gateway" ? (
				<RevokeGateway token={asked.token} onClose={close} onDone={gateways.reload} />
			) : null}
		</>
	);
}

function revokedClass(item: { revoked_at: string | null }): string {
	return item.revoked_at === null ? "" : "past";
}

function KeyMark({ revoked_at, expires_at }: { revoked_at: string | null; expires_at: string | null }) {
	const now = useNow();
	if (revoked_at !== null) {
		return (
			<Mark shape="stop" tone="idle">
				Revoked
			</Mark>
		);
	}
	if (expires_at !== null && Date.parse(expires_at) <= now) {
		return (
			<Mark shape="stop" tone="idle">
				Expired
			</Mark>
		);
	}
	if (expires_at !== null && Date.parse(expires_at) - now < SOON_MS) {
		return (
			<Mark shape="clock" tone="warn">
				Ends soon
			</Mark>
		);
	}
	return (
		<Mark shape="disc" tone="ok">
			Active
		</Mark>
	);
}

function keyColumns(denied: string, onRevoke: (key: ApiKey) => void): Column<ApiKey>[] {
	return [
		{
			key: "name",
			label: "Name",
			cell: (k) => <KeyName apiKey={k} />,
			width: "22%",
		},
		{
			key: "state",
			label: "State",
			cell: (k) => <KeyMark {...k} />,
			width: "100px",
		},
		{
			key: "scopes",
			label: "Rights",
			cell: (k) => (
				<span class="cut" title={k.scopes.join(", ")}>
					{k.scopes.map(rightLabel).join(", ")}
				</span>
			),
			from: 2,
		},
		{
			key: "platforms",
			label: "Platforms",
			cell: (k) => <span title={platformsOf(k)}>{platformsOf(k)}</span>,
			from: 3,
			width: "15%",
		},
		{
			key: "used",
			label: "Last used",
			cell: (k) => <Time at={k.last_used_at} none="never" />,
			from: 3,
			width: "104px",
			open: true,
		},
		{
			key: "ends",
			label: "Ends",
			cell: (k) => <Time at={k.expires_at} none="never" />,
			from: 4,
			width: "104px",
			open: true,
		},
		{
			key: "revoke",
			label: "Actions",
			quiet: true,
			cell: (k) => <Revoke item={k} denied={denied} onRevoke={() => onRevoke(k)} />,
			width: "100px",
			align: "right",
		},
	];
}

function platformsOf(key: ApiKey): string {
	return key.platforms.includes("*") ? "all" : key.platforms.join(", ");
}

function KeyName({ apiKey }: { apiKey: ApiKey }) {
	return (
		<span class="name">
			<strong class="cut">{apiKey.name}</strong>
			<span class="name-id name-wide">by {apiKey.created_by}</span>
			<span class="name-narrow muted small">{platformsOf(apiKey)}</span>
		</span>
	);
}

function gatewayColumns(denied: string, onRevoke: (token: GatewayToken) => void): Column<GatewayToken>[] {
	return [
		{
			key: "name",
			label: "Name",
			cell: (t) => <strong>{t.name}</strong>,
		},
		{
			key: "state",
			label: "State",
			cell: (t) => <KeyMark revoked_at={t.revoked_at} expires_at={null} />,
			width: "100px",
		},
		{ key: "platform", label: "Platform", cell: (t) => t.platform ?? <span class="muted">any</span>, from: 2 },
		{
			key: "made",
			label: "Made",
			cell: (t) => <Time at={t.created_at} />,
			from: 2,
			width: "104px",
			open: true,
		},
		{
			key: "revoke",
			label: "Actions",
			quiet: true,
			cell: (t) => <Revoke item={t} denied={denied} onRevoke={() => onRevoke(t)} />,
			width: "100px",
			align: "right",
		},
	];
}

function Revoke({
	item,
	denied,
	onRevoke,
}: {
	item: { name: string; revoked_at: string | null };
	denied: string;
	onRevoke: () => void;
}) {
	if (item.revoked_at !== null) return null;
	return (
		<Button kind="quiet" denied={denied} label={`Revoke ${item.name}`} onClick={onRevoke}>
			Revoke
		</Button>
	);
}

interface RevokeProps {
	onClose: () => void;
	onDone: () => void;
}

function RevokeKey({ apiKey, onClose, onDone }: RevokeProps & { apiKey: ApiKey }) {
	const revoke = async () => {
		await apiKeyRevoke(apiKey.id);
		toast(`${apiKey.name} is revoked`);
		onDone();
		onClose();
	};
	return (
		<Confirm title={`Revoke ${apiKey.name}?`} action="Revoke key" danger onConfirm={revoke} onClose={onClose}>
			<p>
				Whatever uses it <strong>stops working at once</strong>, also an upload under way. It cannot be brought back;
				make a new key instead.
			</p>
		</Confirm>
	);
}

function RevokeGateway({ token, onClose, onDone }: RevokeProps & { token: GatewayToken }) {
	const revoke = async () => {
		await gatewayTokenRevoke(token.id);
		toast(`${token.name} is revoked`);
		onDone();
		onClose();
	};
	return (
		<Confirm title={`Revoke ${token.name}?`} action="Revoke token" danger onConfirm={revoke} onClose={onClose}>
			<p>
				Every device that polls with this token <strong>is refused from now on</strong> and keeps running what it runs.
				Devices with a token of their own are not touched.
			</p>
		</Confirm>
	);
}
