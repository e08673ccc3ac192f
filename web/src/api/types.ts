/** The API's objects as they travel (docs/SPEC.md section 8); one name for one thing from column to here. */

export interface List<T> {
	items: T[];
	next: string | null;
}

export const PERMISSIONS = [
	"device.read",
	"device.write",
	"release.read",
	"release.upload",
	"release.manage",
	"release.promote",
	"release.withdraw",
	"link.create",
	"audit.read",
	"platform.manage",
	"key.manage",
	"user.manage",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** All platforms, also future ones; what concerns no platform needs a right here. */
export const EVERYWHERE = "*";

/** What may be done on a platform, or on all of them. */
export interface Grant {
	platform: string;
	permissions: string[];
}

export interface Session {
	user: { name: string; roles: string[] };
	csrf_token: string;
	/** Those had on any platform. */
	permissions: string[];
	/** The union of the roles' grants. */
	grants: Grant[];
	expires_at: string;
}

export type UserState = "invited" | "active" | "disabled";

export interface User {
	name: string;
	roles: string[];
	/** Invited: has no password yet, new or after a reset. */
	state: UserState;
	/** Whether a second factor is in force. */
	totp: boolean;
	created_at: string;
	created_by: string;
	last_sign_in_at: string | null;
}

/** One's own user. */
export interface Account extends User {
	recovery_codes_left: number;
}

export interface Role {
	name: string;
	title: string;
	builtin: boolean;
	grants: Grant[];
	user_count: number;
}

export interface SignIn {
	id: number;
	created_at: string;
	last_used_at: string;
	expires_at: string;
	address: string;
	agent: string;
	/** The one that asks. */
	current: boolean;
}

/** A one-time link, shown once. */
export interface OneTimeLink {
	link: string;
	expires_at: string;
}

export interface Invitation extends OneTimeLink {
	user: User;
}

/** What a one-time link is for. */
export interface JoinCheck {
	name: string;
	kind: "invitation" | "reset";
	/** Whether joining takes a code of the second factor as well. */
	totp: boolean;
}

export interface TotpSecret {
	/** Base32, for typing in. */
	secret: string;
	/** otpauth://, for the QR code. */
	uri: string;
}

export interface RecoveryCodes {
	recovery_codes: string[];
}

export type Channel = "stable" | "beta";

export interface ManifestKey {
	alg: string;
	purpose: string;
	key_hash: string;
}

export interface Platform {
	name: string;
	title: string;
	aliases: string[];
	hardware_class: string | null;
	follow_channel: boolean;
	key_manifest: { sequence: number; keys: ManifestKey[] } | null;
	releases: { stable: string | null; beta: string | null };
	device_count: number;
	/** Of those, how many are stale; 0 for who may not see devices. */
	stale_count: number;
}

export interface Artifact {
	name: string;
	size: number;
	sha256: string;
	kind: ArtifactKind;
	version: string | null;
	security_counter: number | null;
	hardware_class: string | null;
	key_hash: string | null;
	/** What was read from the file, by its kind. */
	details: Record<string, unknown> | null;
}

export type ArtifactKind = "mcuboot" | "esp" | "uf2" | "cortex-m" | "cyclonedx" | "spdx" | "file";

export interface Sbom {
	name: string;
	format: "cyclonedx" | "spdx";
	size: number;
	sha256: string;
}

/** One step of a release's life. */
export interface ReleaseStep {
	at: string;
	by: string;
	step: "created" | "complete" | "released" | "promoted" | "withdrawn" | "changed";
	detail: string;
}

export type ReleaseState = "draft" | "complete" | "released" | "withdrawn";

export interface Release {
	id: number;
	platform: string;
	version: string;
	channel: Channel | null;
	state: ReleaseState;
	security_counter: number | null;
	notes: string;
	created_at: string;
	created_by: string;
	released_at: string | null;
	withdrawn_reason: string | null;
	signed_by: string[];
	sums_signed_by: string;
	/** How many files the sums name; fewer artifacts than this and the release is a draft. */
	expected_count: number;
	artifacts: Artifact[];
	running_on: number;
	/** The lowest version that may update to it. */
	minimum_version: string | null;
	sbom: Sbom | null;
	/** Only when one is asked for. */
	history?: ReleaseStep[];
}

export type UpdateState =
	| "pending"
	| "retrieved"
	| "downloading"
	| "downloaded"
	| "installing"
	| "succeeded"
	| "failed"
	| "cancelling"
	| "cancelled";

export interface UpdateEvent {
	at: string;
	execution: string;
	result: string;
	progress_percent: number | null;
	details: string[];
}

export interface Update {
	id: number;
	device: string;
	platform: string | null;
	from_version: string | null;
	version: string;
	state: UpdateState;
	progress_percent: number | null;
	reason: string | null;
	created_at: string;
	created_by: string;
	updated_at: string;
	closed_at: string | null;
	/** What speaks for the device: DDI, or the plain door's sessions. */
	source: "ddi" | "plain";
	started_at: string | null;
	/** From the start to the end. */
	duration_s: number | null;
	events?: UpdateEvent[];
}

export type DeviceState = "online" | "late" | "offline" | "never";

/** What the device tells of itself; null is what it did not tell. */
export interface Heartbeat {
	at: string;
	version: string | null;
	slot: string | null;
	uptime_s: number | null;
	reset_cause: string | null;
	free_bytes: number | null;
	address: string | null;
	app: string | null;
}

/** The device's trust in its repository has run out (docs/SPEC.md section 10.7): it runs on and takes no update. */
export interface Stale {
	since: string;
	/** What is published has expired, it is good but the device does not follow it, or nothing is published. */
	why: "metadata-expired" | "not-followed" | "no-repository";
	role: string | null;
	expired_at: string | null;
}

export type UpdateEnd = Pick<Update, "state" | "version" | "reason" | "closed_at">;

export interface Device {
	id: string;
	platform: string | null;
	name: string;
	channel: Channel;
	state: DeviceState;
	version: string | null;
	target_version: string | null;
	last_seen_at: string | null;
	/** Empty until it was seen. */
	address: string;
	registered_at: string;
	/** The open one. */
	update: Update | null;
	/** How its newest update ended; null while one is open. */
	last_update: UpdateEnd | null;
	heartbeat: Heartbeat | null;
	stale: Stale | null;
	attributes?: Record<string, string>;
}

export interface ApiKey {
	id: number;
	name: string;
	scopes: string[];
	platforms: string[];
	created_at: string;
	created_by: string;
	last_used_at: string | null;
	expires_at: string | null;
	revoked_at: string | null;
}

export interface GatewayToken {
	id: number;
	name: string;
	platform: string | null;
	created_at: string;
	created_by: string;
	revoked_at: string | null;
}

export interface ReleaseNotice {
	platform: string;
	version: string;
	state: ReleaseState;
}

/** What arrives over GET /events. `resync` also follows a fresh connection, which may have missed something. */
export type LiveEvent =
	| { type: "device"; device: Device }
	| { type: "device-gone"; id: string }
	| { type: "update"; update: Update }
	| { type: "release"; release: ReleaseNotice }
	| { type: "resync" };

/** An update that nothing will happen to any more. */
export function isClosed(update: Pick<Update, "state">): boolean {
	return update.state === "succeeded" || update.state === "failed" || update.state === "cancelled";
}
