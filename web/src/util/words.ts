/** Short names of failures (SPEC 6.4) in words. */
const REASONS: Record<string, string> = {
	"reverted-not-confirmed": "The new version never confirmed itself, so the bootloader went back",
	"reverted-crashed": "The new version crashed at start, so the bootloader went back",
	"bad-signature": "The image's signature is not valid",
	"bad-hash": "The image's content does not match its digest",
	"bad-image": "The file is not a valid image",
	"unknown-key": "The image is signed by a key that the device does not know",
	"wrong-class": "The image is for other hardware",
	"version-too-low": "The version is lower than the device accepts",
	"counter-too-low": "The security counter is lower than the device accepts",
	"too-large": "The image does not fit into the slot",
	"download-failed": "The download could not be finished",
	timeout: "The device stopped reporting",
};

/** A failure reason as a sentence; what we do not know is shown as it came. */
export function reasonText(reason: string): string {
	return REASONS[reason] ?? reason;
}
