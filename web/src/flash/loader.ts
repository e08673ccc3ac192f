import { ESPLoader, Transport } from "esptool-js";

/**
 * Writes an ESP over a serial port with Espressif's esptool-js. In a chunk of its own: only who writes a board loads it.
 * Nothing is erased or written before `choose` has answered with files that it has checked.
 */

export interface Piece {
	data: Uint8Array;
	address: number;
	/** Of the data, in hex; what the chip computes over its flash must be the same. Empty: it is not asked. */
	md5: string;
}

export type Phase = "connect" | "check" | "erase" | "write" | "compare" | "restart";

export interface Job {
	port: SerialPort;
	baud: number;
	eraseAll: boolean;
	/** The files for this chip, fetched and checked; throws when there are none. */
	choose: (chip: string) => Promise<Piece[]>;
	onPhase: (phase: Phase) => void;
	/** What the chip calls itself. */
	onChip: (description: string) => void;
	/** Of all pieces together, 0 to 1. */
	onProgress: (share: number) => void;
	onLog: (line: string) => void;
}

/** The flash does not hold what was sent. */
export class ReadBackDiffers extends Error {
	constructor(readonly address: number) {
		super("what the flash holds differs from the file");
		this.name = "ReadBackDiffers";
	}
}

const ROM_BAUD = 115_200;
const RESET_MS = 100;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function terminal(onLog: (line: string) => void) {
	let open = "";
	const say = (text: string) => {
		const line = text.replace(/[\r\n]+/g, " ").trim();
		if (line !== "") onLog(line);
	};
	return {
		clean: () => undefined,
		write: (text: string) => {
			open += text;
		},
		writeLine: (text: string) => {
			say(open + text);
			open = "";
		},
	};
}

/** Pulls the chip's reset line for a moment: the library's own reset only lets go of it. */
async function restart(transport: Transport): Promise<void> {
	await transport.setDTR(false);
	await transport.setRTS(true);
	await sleep(RESET_MS);
	await transport.setRTS(false);
}

async function write(loader: ESPLoader, job: Job, pieces: Piece[]): Promise<void> {
	const total = pieces.reduce((sum, p) => sum + p.data.length, 0);
	let before = 0;
	for (const piece of pieces) {
		await loader.writeFlash({
			fileArray: [{ data: piece.data, address: piece.address }],
			flashMode: "keep",
			flashFreq: "keep",
			flashSize: "keep",
			eraseAll: false,
			compress: true,
			reportProgress: (_, sent, all) => job.onProgress((before + (piece.data.length * sent) / all) / total),
		});
		before += piece.data.length;
	}
}

async function compare(loader: ESPLoader, pieces: Piece[]): Promise<void> {
	for (const { address, data, md5 } of pieces) {
		if (md5 !== "" && (await loader.flashMd5sum(address, data.length)) !== md5.toLowerCase()) {
			throw new ReadBackDiffers(address);
		}
	}
}

/** Leaves the port closed, also after a failure. */
export async function flash(job: Job): Promise<void> {
	const transport = new Transport(job.port, false);
	try {
		job.onPhase("connect");
		const loader = new ESPLoader({
			transport,
			baudrate: job.baud,
			romBaudrate: ROM_BAUD,
			terminal: terminal(job.onLog),
		});
		job.onChip(await loader.main());
		job.onPhase("check");
		const pieces = await job.choose(loader.chip.CHIP_NAME);
		if (job.eraseAll) {
			job.onPhase("erase");
			await loader.eraseFlash();
		}
		job.onPhase("write");
		await write(loader, job, pieces);
		job.onPhase("compare");
		await compare(loader, pieces);
		job.onPhase("restart");
		await restart(transport);
	} finally {
		await transport.disconnect().catch(() => undefined);
	}
}
