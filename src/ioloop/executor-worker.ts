/**
 * What a thread of WorkerExecutor runs: loads functions, calls them, and answers. Started by
 * `executor.ts`, and imported by nobody.
 */

import { parentPort } from "node:worker_threads";
import type { WorkOrder, WorkResult } from "./executor.ts";
import { describeError } from "./remote-error.ts";

parentPort?.on("message", async (order: WorkOrder) => {
  const result = await work(order);
  try {
    parentPort?.postMessage(result);
  } catch (error) {
    // A result that cannot be copied.
    parentPort?.postMessage({ id: order.id, error: describeError(error) });
  }
});

async function work({ id, module, name, args }: WorkOrder): Promise<WorkResult> {
  try {
    const found = ((await import(module)) as Record<string, unknown>)[name];
    if (typeof found !== "function") {
      throw new TypeError(`Cannot run ${name} of ${module}: it exports no such function`);
    }
    return { id, value: await found(...args) };
  } catch (error) {
    return { id, error: describeError(error) };
  }
}
