// tuf-js as the second judge.  Reads jobs, one JSON object a line: {trusted, metadata, targets, path, got}; answers each with
// a line {name, refused}, where refused is null or tuf-js's own words.
import { createInterface } from "node:readline";
import { Updater } from "tuf-js";

async function judge(job) {
    const updater = new Updater({
        metadataDir: job.trusted,
        metadataBaseUrl: job.metadata,
        targetDir: job.got,
        targetBaseUrl: job.targets,
        config: { fetchRetry: 0, fetchRetries: 0 },
    });
    await updater.refresh();
    const target = await updater.getTargetInfo(job.path);
    if (!target) return "no target";
    await updater.downloadTarget(target);
    return null;
}

for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    const refused = await judge(job).catch((e) => `${e.name ?? e.constructor.name}: ${e.message}`);
    process.stdout.write(JSON.stringify({ name: job.name, refused }) + "\n");
}
process.exit(0);
