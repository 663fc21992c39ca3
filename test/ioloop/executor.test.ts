import { availableParallelism } from "node:os";
import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Executor,
  IOLoop,
  type Task,
  type TaskOptions,
  WorkerExecutor,
} from "../../src/ioloop.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { startProgram } from "../support/program.ts";
import { until } from "../support/until.ts";
import { OverdrawnError, PaymentError, SecretError } from "./programs/tasks.ts";

const TASKS = new URL("programs/tasks.ts", import.meta.url);
const executors: WorkerExecutor[] = [];

function pool(maxWorkers?: number): WorkerExecutor {
  const executor = new WorkerExecutor(maxWorkers === undefined ? {} : { maxWorkers });
  executors.push(executor);
  return executor;
}

function task(name: string): URL {
  return new URL(`#${name}`, TASKS);
}

const flags = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(8));

function open(flag: Int32Array): void {
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}

afterEach(async () => {
  await Promise.all(executors.splice(0).map((executor) => executor.shutdown()));
});

test("runs exported functions in another thread", async () => {
  const executor = pool(1);
  expect(await executor.submit(task("add"), [1, 2])).toBe(3);
  expect(await executor.submit(`${TASKS}#add`, [3, 4])).toBe(7);
  expect(await executor.submit(task("thread"), [])).not.toBe(threadId);
});

test("hands over what is to be transferred", async () => {
  const bytes = new ArrayBuffer(1000);
  const task = { module: TASKS, name: "length", transfer: [bytes] };
  expect(await pool(1).submit(task, [bytes])).toBe(1000);
  expect(bytes.byteLength).toBe(0);
});

test("runs as many at once as it has threads, and lets the others wait", async () => {
  const executor = pool(2);
  const flag = flags();
  const results = [1, 2, 3].map(() => executor.submit(task("waitFor"), [flag]));
  await until(() => Atomics.load(flag, 1) === 2);
  open(flag);
  expect(await Promise.all(results)).toEqual(["woken", "woken", "woken"]);
  expect(Atomics.load(flag, 1)).toBe(3);
});

test("what a task posts by its thread's port is no result, its own or another's", async () => {
  const executor = pool(1);
  const results = ["speaks", "speaks", "speaks"].map((name) => executor.submit(task(name), []));
  results.push(executor.submit(task("add"), [1, 2]));
  expect(await Promise.all(results)).toEqual(["returned", "returned", "returned", 3]);
});

test("has as many threads as processors by default", () => {
  expect(pool().maxWorkers).toBe(availableParallelism());
  expect(() => pool(0)).toThrow(RangeError);
});

describe("errors", () => {
  function thrownBy(task: Task): Promise<unknown> {
    return pool(1)
      .submit(task, [])
      .catch((thrown: unknown) => thrown);
  }

  test("keep name, message, stack, cause and fields", async () => {
    const error = await thrownBy(task("refuse"));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "PaymentError", message: "no money", code: "E_PAYMENT" });
    expect((error as Error).stack).toMatch(/refuse.*tasks\.ts/);
    expect((error as Error).cause).toBeInstanceOf(RangeError);
    expect(String(error)).toBe("PaymentError: no money");
  });

  test("are of the class that is given, or of the nearest that the runtime has", async () => {
    const overdraw = { module: TASKS, name: "overdraw" };
    const failure = (errors: TaskOptions["errors"] = []): Promise<unknown> =>
      thrownBy({ ...overdraw, errors });
    const exact = await failure([PaymentError, OverdrawnError]);
    expect(exact).toBeInstanceOf(OverdrawnError);
    expect((exact as PaymentError).isFinal()).toBe(true);
    expect(exact).toMatchObject({ message: "no money", code: "E_PAYMENT" });
    expect((exact as Error).stack).toMatch(/overdraw.*tasks\.ts/);
    expect((exact as Error).cause).toBeInstanceOf(RangeError);
    const parent = await failure([PaymentError]);
    expect(parent).toBeInstanceOf(PaymentError);
    expect(parent).not.toBeInstanceOf(OverdrawnError);
    const unknown = await failure();
    expect(unknown).toBeInstanceOf(Error);
    expect(unknown).not.toBeInstanceOf(PaymentError);
  });

  test("are what they were, also without what their constructor would have made", async () => {
    const task = { module: TASKS, name: "tellSecret", errors: [SecretError] };
    const error = await thrownBy(task);
    expect(error).toBeInstanceOf(SecretError);
    expect(error).toMatchObject({ name: "SecretError kept", message: "secret", detail: 1 });
  });

  test("a DOMException stays one", async () => {
    const error = await thrownBy(task("giveUp"));
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({ name: "TimeoutError", message: "too long", code: 23 });
  });

  test("keep what an AggregateError has collected", async () => {
    const error = await thrownBy(task("refuseAll"));
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).message).toBe("all have failed");
    expect((error as AggregateError).errors).toEqual([new Error("one"), new TypeError("two")]);
  });

  test.each([
    { name: "notFunction", error: "it exports no such function" },
    { name: "nothing", error: "it exports no such function" },
    { name: "giveFunction", error: "" },
    { name: "end", error: "Cannot finish end of" },
  ])("$name is an error, and the next task runs", async ({ name, error }) => {
    const executor = pool(1);
    await expect(executor.submit(task(name), [])).rejects.toThrow(error);
    expect(await executor.submit(task("add"), [1, 1])).toBe(2);
  });

  test("a module that cannot be loaded is one", async () => {
    await expect(pool(1).submit(new URL("nowhere.ts#add", TASKS), [])).rejects.toThrow("nowhere");
  });

  test("what is thrown and no error arrives as it is", async () => {
    await expect(pool(1).submit(task("throwText"), [])).rejects.toBe("text");
  });

  test("an argument that cannot be copied is one, and the next task runs", async () => {
    const executor = pool(1);
    await expect(executor.submit(task("add"), [() => 1])).rejects.toThrow();
    expect(await executor.submit(task("add"), [1, 1])).toBe(2);
  });

  test.each([
    { given: () => 1, error: "Cannot run a function in another thread: export it" },
    { given: "./tasks.ts#add", error: "give its whole URL, as new URL(" },
    { given: "./tasks.ts", error: 'Cannot run "./tasks.ts" in another thread: it has no #name' },
  ])("$given is no task", async ({ given, error }) => {
    await expect(pool(1).submit(given as unknown as Task, [])).rejects.toThrow(error);
  });
});

describe("cancelling", () => {
  test("a task that waits is never run", async () => {
    const executor = pool(1);
    const flag = flags();
    const first = executor.submit(task("waitFor"), [flag]);
    const controller = new AbortController();
    const second = executor.submit({ module: TASKS, name: "waitFor", signal: controller.signal }, [
      flag,
    ]);
    const reason = new Error("not needed any more");
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    open(flag);
    await first;
    expect(await executor.submit(task("add"), [1, 1])).toBe(2);
    expect(Atomics.load(flag, 1)).toBe(1);
  });

  test("a task that runs is ended, even one that never waits", async () => {
    const executor = pool(1);
    const flag = flags();
    const controller = new AbortController();
    const { signal } = controller;
    const spinning = executor.submit({ module: TASKS, name: "spin", signal }, [flag]);
    await until(() => Atomics.load(flag, 1) === 1);
    const next = executor.submit(task("add"), [1, 1]);
    controller.abort();
    await expect(spinning).rejects.toMatchObject({ name: "AbortError" });
    expect(await next).toBe(2);
  });

  test("a signal that was aborted before refuses", async () => {
    const signal = AbortSignal.abort();
    const refused = pool(1).submit({ module: TASKS, name: "add", signal }, [1, 1]);
    await expect(refused).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("shutdown lets the running task finish, and refuses the others", async () => {
  const executor = pool(1);
  const flag = flags();
  const running = executor.submit(task("waitFor"), [flag]);
  const waiting = expect(executor.submit(task("add"), [1, 1])).rejects.toThrow(
    "Cannot run add: the executor is shut down",
  );
  await until(() => Atomics.load(flag, 1) === 1);
  const closed = executor.shutdown();
  await waiting;
  open(flag);
  expect(await running).toBe("woken");
  await closed;
  await expect(executor.submit(task("add"), [1, 1])).rejects.toThrow("is shut down");
});

describe("runInExecutor", () => {
  test("uses the default executor, which can be set, or another one", async () => {
    const loop = new IOLoop(createFakeHost());
    const named = (name: string): Executor => ({
      submit: (_task, args) => Promise.resolve([name, ...args] as never),
      shutdown: () => Promise.resolve(),
    });
    expect(await loop.runInExecutor(named("given"), "x#y", 1)).toEqual(["given", 1]);
    loop.setDefaultExecutor(named("default"));
    expect(await loop.runInExecutor(undefined, "x#y", 2)).toEqual(["default", 2]);
  });
});

test("idle threads let the process end, busy ones do not", async () => {
  const program = startProgram(new URL("programs/exit.ts", import.meta.url));
  expect(await program.ended).toBe(0);
  expect(program.output).toBe("sum 3\n");
  expect(program.errors).toBe("");
});
