/** Starts and ends a worker thread that leaves its sockets open. Prints how many sockets there are. */
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { until } from "../../support/until.ts";
import { countSockets } from "../contract/bench.ts";

const before = countSockets();
const worker = new Worker(join(import.meta.dirname, "worker.ts"));
await once(worker, "message");
const open = countSockets();
await worker.terminate();
await until(() => countSockets() < open - 8, 5).catch(() => undefined);
console.log(JSON.stringify({ opened: open - before, left: countSockets() - before }));
process.exit();
