import { TENANT } from "../paths.ts";

/** Commands that pages show for copying. They name this server, and leave names of files to the reader. */

const CONTINUED = " \\\n  ";

export function publishCommand(server: string, platform: string, version: string): string {
	return [
		`signer publish --platform ${platform} --version ${version}`,
		`--server ${server} --ca ca.pem --api-key-file ci.key`,
		"--release-key release.pem firmware.signed.bin",
	].join(CONTINUED);
}

const talk = (verb: "pull" | "publish", server: string) =>
	`signer repo ${verb} -d REPOSITORY --server ${server}${CONTINUED}--ca ca.pem --api-key-file managers.key`;

const sign = (server: string) => ["signer repo cosign -d REPOSITORY -k KEY.pem", talk("publish", server)];

/** A manager's own: take in what waits, read what is new, sign, send. */
export function cosignCommand(server: string): string {
	return [talk("pull", server), ...sign(server)].join("\n");
}

/** The next version of a role with a new expiry; `role` empty: the platform's own. */
export function renewCommand(server: string, role: string): string {
	return [talk("pull", server), `signer repo renew -d REPOSITORY ${role}`.trimEnd(), ...sign(server)].join("\n");
}

/** A platform's first root, targets and list, by three root officers and two release managers. */
export function initCommand(server: string, platform: string): string {
	return [
		[
			`signer repo init -d REPOSITORY --platform ${platform} --class ${platform}`,
			"--root-key ROOT1.pub --root-key ROOT2.pub --root-key ROOT3.pub",
			"--targets-key TARGETS.pub",
			"--platform-key MANAGER1.pub --platform-key MANAGER2.pub",
			`--server ${server} --ca ca.pem --api-key-file managers.key`,
		].join(CONTINUED),
		...sign(server),
	].join("\n");
}

/** Its keys: one for images, one for releases, and the manifest that names both for two of three boot roots to sign. */
export function manifestCommand(platform: string): string {
	return [
		"signer keygen --help",
		`signer keymanifest new --class ${platform} --sequence 1 --image-key image.pub${CONTINUED}--release-key release.pub -o ${platform}.keys`,
	].join("\n");
}

export function pollCommand(server: string, scheme: "GatewayToken" | "TargetToken", device: string): string {
	return [
		"curl --cacert ca.pem",
		`-H "Authorization: ${scheme} $TOKEN"`,
		`${server}/${TENANT}/controller/v1/${device}`,
	].join(CONTINUED);
}
