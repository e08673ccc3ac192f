/** Short names of failures (SPEC 6.4): the agent's reasons, the bootloader's and the image's verdicts. */
const REASONS = new Map([
	["reverted-not-confirmed", "The new version never confirmed itself, so the bootloader went back"],
	["reverted-crashed", "The new version crashed at start, so the bootloader went back"],
	["not-installed", "The device restarted, but not into the new version"],
	["no-key-manifest", "The device holds no valid key manifest"],
	["flash-failed", "The device's flash could not be written"],
	["trailing-bytes", "The file is longer than the image in it"],
	["download-failed", "The download was cut off or begun anew too often"],
	["bad-hash", "What arrived is not the file that was announced"],
	["version-too-low", "The version is lower than what the device runs"],
	["blank", "The file holds no image"],
	["malformed", "The image breaks its format"],
	["too-large", "The image does not fit into the slot"],
	["encrypted", "The image is encrypted, which devices do not support"],
	["compressed", "The image is compressed, which devices do not support"],
	["pure-signature", "The image's signature covers the image itself, not its digest"],
	["unsupported", "The image uses something that devices refuse"],
	["bad-digest", "The image's contents differ from its digest"],
	["unknown-key", "The image is signed by a key that the device's key manifest lacks"],
	["bad-signature", "The image's signature is not valid"],
	["wrong-class", "The image was made for other hardware"],
	["below-floor", "The image's security counter is below what the device accepts"],
	["no-policy-tlv", "The image lacks its security counter or its hardware class"],
	["unreadable", "The image could not be read"],
	["tuf-expired", "What the managers signed has expired"],
	["tuf-threshold", "Too few managers have signed"],
	["tuf-not-assigned", "The server's signed answer does not name this file"],
]);

/** A failure reason as a sentence; what we do not know is shown as it came. All that begin with "tuf-" are about signed metadata. */
export function reasonText(reason: string): string {
	const unknown = reason.startsWith("tuf-") ? "The device does not trust what is signed for it" : reason;
	return REASONS.get(reason) ?? unknown;
}
