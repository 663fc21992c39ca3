/** What becomes of tasks while no thread can be started: by permissions, or by the system's limits. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WorkerExecutor } from "../../src/ioloop.ts";

const denial = vi.hoisted(() => ({ isOn: true }));

vi.mock("node:worker_threads", async (original) => {
  const real = await original<typeof import("node:worker_threads")>();
  class Worker extends real.Worker {
    constructor(...args: ConstructorParameters<typeof real.Worker>) {
      if (denial.isOn) throw new Error("no thread");
      super(...args);
    }
  }
  return { ...real, Worker };
});

const TASKS = new URL("programs/tasks.ts", import.meta.url);
const flag = new Int32Array(new SharedArrayBuffer(8));
let executor: WorkerExecutor;

beforeEach(() => {
  executor = new WorkerExecutor({ maxWorkers: 2 });
  Atomics.store(flag, 0, 1);
});

afterEach(async () => {
  denial.isOn = true;
  await executor.shutdown();
});

test("a task is refused, and not run once there are threads again", async () => {
  const counted = executor.submit(new URL("#waitFor", TASKS), [flag]);
  await expect(counted).rejects.toThrow("no thread");
  denial.isOn = false;
  expect(await executor.submit(new URL("#add", TASKS), [1, 2])).toBe(3);
  expect(await executor.submit(new URL("#add", TASKS), [3, 4])).toBe(7);
  expect(flag[1]).toBe(0);
});

test("a task waits if there is a thread already", async () => {
  denial.isOn = false;
  const first = executor.submit(new URL("#add", TASKS), [1, 2]);
  denial.isOn = true;
  const second = executor.submit(new URL("#add", TASKS), [3, 4]);
  expect(await Promise.all([first, second])).toEqual([3, 7]);
});
