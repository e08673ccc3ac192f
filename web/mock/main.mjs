// `npm run mock`: the built UI over a made-up fleet whose updates move by themselves.
import { CODE, PASSWORD } from "./people.mjs";
import { startMock } from "./server.mjs";

const STEP_MS = 1000;

const mock = await startMock({ port: Number(process.env.PORT ?? 8790), empty: process.argv.includes("--empty") });
setInterval(() => mock.tick(), STEP_MS);
console.log(`otad mock on ${mock.url} (name: any, password: ${PASSWORD}, code: ${CODE})`);
