/**
 * A pool of worker threads for what would block the loop. Private to `ioloop`, which exports it.
 * Each thread runs `executor-worker.ts`, which loads the functions by their modules.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { onAbort } from "../util.ts";
import { type ErrorClass, type RemoteError, restoreError } from "./remote-error.ts";

/**
 * An exported function: `new URL("./work.js#resize", import.meta.url)`, or the same as text; with
 * `module` and `name` apart it can have options.
 */
export type Task = URL | string | TaskOptions;

/** An exported function of a module, and how it is called. */
export interface TaskOptions {
  readonly module: URL | string;
  readonly name: string;
  /** When aborted, the task is forgotten, or the thread that runs it is ended. */
  readonly signal?: AbortSignal | undefined;
  /** What of the arguments is handed over instead of copied. */
  readonly transfer?: readonly Transferable[];
  /**
   * Classes of errors of your own that it may throw: what arrives is an instance of the one with the
   * same name, made without its constructor, so `#private` fields are missing. An error of any other
   * class arrives as an Error, or as the runtime's class that its own extends.
   */
  readonly errors?: readonly ErrorClass[];
}

type Transferable = ArrayBuffer | MessagePort;

/** Runs functions somewhere else. */
export interface Executor {
  /** Runs a task, and resolves with its result or rejects with what it throws. */
  submit<Result>(task: Task, args: readonly unknown[]): Promise<Result>;
  /** Resolves when all that runs has ended; what waits is refused. */
  shutdown(): Promise<void>;
}

/** How large a WorkerExecutor may become. */
export interface WorkerExecutorOptions {
  /** Most threads; as many as there are processors if left out. */
  readonly maxWorkers?: number;
}

/** What a thread is asked. */
export interface WorkOrder {
  /** Another one for each of a thread: what a task posts by itself is no answer. */
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What it answers. */
export type WorkResult = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly error: RemoteError }
);

interface Job {
  readonly order: Omit<WorkOrder, "id">;
  readonly transfer: readonly Transferable[];
  readonly errors: readonly ErrorClass[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

// Compiled, this file and its neighbour end in .js.
const WORKER = import.meta.url.replace(/executor(\.[jt]s)(?=$|[?#])/, "executor-worker$1");

/** A pool of worker threads, made when they are needed. Idle ones keep no process alive. */
export class WorkerExecutor implements Executor {
  readonly maxWorkers: number;
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  /** In their order; one that is cancelled leaves. */
  readonly #waiting = new Set<Job>();
  #closed = false;
  #whenEmpty: (() => void)[] = [];

  /** Throws a RangeError unless `maxWorkers` is 1 or more. */
  constructor(options: WorkerExecutorOptions = {}) {
    this.maxWorkers = options.maxWorkers ?? availableParallelism();
    if (!(this.maxWorkers >= 1)) {
      throw new RangeError(`Cannot run tasks in ${this.maxWorkers} threads: one is the least`);
    }
  }

  /**
   * Runs a function when a thread is free. Rejects with what it throws, of the same class, name,
   * message and stack; with the signal's reason; or with an Error if the thread ends.
   */
  submit<Result>(task: Task, args: readonly unknown[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { module, name, signal, transfer = [], errors = [] } = optionsOf(task);
      if (this.#closed) throw new Error(`Cannot run ${name}: the executor is shut down`);
      signal?.throwIfAborted();
      const job: Job = {
        order: { module: String(module), name, args },
        transfer,
        errors,
        resolve: (value) => {
          unlisten?.();
          resolve(value as Result);
        },
        reject: (error) => {
          unlisten?.();
          reject(error);
        },
      };
      const unlisten = signal && onAbort(signal, () => this.#cancel(job, signal.reason));
      this.#waiting.add(job);
      this.#serve();
    });
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting) {
      job.reject(new Error(`Cannot run ${job.order.name}: the executor is shut down`));
    }
    this.#waiting.clear();
    for (const thread of this.#idle.splice(0)) this.#end(thread);
    if (this.#threads.size > 0) {
      await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    }
  }

  /** Gives what waits to threads that are free, or new. */
  #serve(): void {
    for (const job of this.#waiting) {
      let thread: Thread | undefined;
      try {
        thread = this.#idle.pop() ?? this.#spawn();
      } catch (error) {
        // No thread may be started, or no more of them: then the others serve.
        if (this.#threads.size > 0) return;
        this.#waiting.delete(job);
        job.reject(error);
        continue;
      }
      if (thread === undefined) return;
      this.#waiting.delete(job);
      thread.run(job);
    }
  }

  #spawn(): Thread | undefined {
    if (this.#threads.size >= this.maxWorkers) return undefined;
    const thread = new Thread(
      () => this.#free(thread),
      () => this.#forget(thread),
    );
    this.#threads.add(thread);
    return thread;
  }

  #free(thread: Thread): void {
    if (this.#closed) {
      this.#end(thread);
      return;
    }
    this.#idle.push(thread);
    this.#serve();
  }

  #end(thread: Thread): void {
    thread.end();
    this.#forget(thread);
  }

  #forget(thread: Thread): void {
    if (!this.#threads.delete(thread)) return;
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#serve();
    if (this.#threads.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #cancel(job: Job, reason: unknown): void {
    job.reject(reason);
    if (this.#waiting.delete(job)) return;
    for (const thread of this.#threads) {
      if (thread.job === job) this.#end(thread);
    }
  }
}

/** One worker thread, with at most one job. */
class Thread {
  job: Job | undefined;
  #orders = 0;
  readonly #worker: Worker;
  readonly #freed: () => void;

  constructor(freed: () => void, ended: () => void) {
    this.#freed = freed;
    this.#worker = new Worker(new URL(WORKER));
    this.#worker.on("message", (result: WorkResult | undefined) => this.#settle(result));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => {
      this.#fail(new Error(`the thread has ended with code ${code}`));
      ended();
    });
  }

  run(job: Job): void {
    this.job = job;
    this.#worker.ref();
    try {
      const order: WorkOrder = { ...job.order, id: ++this.#orders };
      this.#worker.postMessage(order, [...job.transfer]);
    } catch (error) {
      // An argument that cannot be copied.
      this.#release().reject(error);
      this.#freed();
    }
  }

  /** Ends the thread, whatever it does. */
  end(): void {
    this.job = undefined;
    this.#worker.terminate();
  }

  #settle(result: WorkResult | undefined): void {
    if (this.job === undefined || result?.id !== this.#orders) return;
    const job = this.#release();
    if ("error" in result) job.reject(restoreError(result.error, job.errors));
    else job.resolve(result.value);
    this.#freed();
  }

  #fail(cause: unknown): void {
    const { job } = this;
    if (job === undefined) return;
    this.job = undefined;
    const { name, module } = job.order;
    job.reject(new Error(`Cannot finish ${name} of ${module}: its thread broke off`, { cause }));
  }

  #release(): Job {
    const job = this.job as Job;
    this.job = undefined;
    this.#worker.unref();
    return job;
  }
}

function optionsOf(task: Task): TaskOptions {
  if (typeof task === "function") {
    throw new TypeError(
      "Cannot run a function in another thread: export it, and give its module's URL and its name",
    );
  }
  if (typeof task === "object" && "module" in task) return task;
  const [, module = "", name = ""] = /^([^#]*)#(.+)$/s.exec(String(task)) ?? [];
  if (name === "") {
    throw new TypeError(`Cannot run "${task}" in another thread: it has no #name of an export`);
  }
  if (module.startsWith(".")) {
    throw new TypeError(
      `Cannot run "${task}" in another thread, which knows no folder: ` +
        `give its whole URL, as new URL("${task}", import.meta.url)`,
    );
  }
  return { module, name };
}
