/**
 * The supervisor in the place of a process that has called `start`. Started by `stand-in.ts`, as the
 * same process or as a thread of it, and imported by nobody.
 */

import process from "node:process";
import { isMainThread, workerData } from "node:worker_threads";
import { ProgramFiles } from "./files.ts";
import { endAs, type Orders, type Place, report } from "./stand-in.ts";
import { say, supervise } from "./supervisor.ts";

const { orders, outcome }: Place = isMainThread
  ? { orders: JSON.parse(process.argv[2] ?? "") as Orders, outcome: undefined }
  : workerData;
const files = new ProgramFiles(orders.entry);
for (const path of orders.paths) files.add(path);
const { checkTime, command } = orders;
const ended = await supervise(command, files, { checkTime, until: "end" }).catch((error) => {
  say(`cannot start the program: ${error.message}`);
  return { code: 1, signal: undefined };
});
if (outcome === undefined) endAs(ended);
else report(ended, outcome);
