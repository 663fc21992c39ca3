/**
 * Starts and ends worker threads that leave their sockets open. Prints how many sockets there were,
 * how many are left of the first worker, and how many descriptors of any kind of those after it.
 */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { until } from "../../support/until.ts";
import { countSockets, DESCRIPTORS } from "../contract/bench.ts";

/** More than one of them may leave behind: if each left a single descriptor, it would show. */
const WORKERS = 6;

const count = (): number => readdirSync(DESCRIPTORS).length;

/** Resolves with how many sockets there were while it ran. */
async function runWorker(): Promise<number> {
  const worker = new Worker(join(import.meta.dirname, "worker.ts"));
  await once(worker, "message");
  const open = countSockets();
  await worker.terminate();
  await until(() => countSockets() < open - 8, 5).catch(() => undefined);
  return open;
}

const before = countSockets();
const opened = (await runWorker()) - before;
const left = countSockets() - before;
const first = count();
for (let i = 0; i < WORKERS; i++) await runWorker();
await until(() => count() <= first, 5).catch(() => undefined);
console.log(JSON.stringify({ opened, left, more: count() - first }));
process.exit();
