/**
 * What blocks the main thread, seen by a thread that runs `paused-stacks-worker.ts` and stops it for
 * a moment. Private to `ioloop`, for `blocking.ts`.
 */

import { Worker } from "node:worker_threads";
import type { Stacks } from "./blocking.ts";

/** Bytes of a stack that are kept: ten frames with long paths. */
export const MAX_STACK: number = 8 * 1024;

/** What the thread and this one have in common. */
export interface Shared {
  /** Milliseconds after which the thread looks. */
  readonly threshold: number;
  /** Milliseconds from one look at the turns to the next. */
  readonly period: number;
  /** The loop's turns that were seen here; the bytes of `text` that the thread has written. */
  readonly numbers: Int32Array;
  readonly text: Uint8Array;
}

// Compiled, this file and its neighbour end in .js.
const WORKER = import.meta.url.replace(/(\.[jt]s)(?=$|[?#])/, "-worker$1");

export class PausedStacks implements Stacks {
  readonly #shared: Shared;
  readonly #worker: Worker | undefined;

  /** Takes a threshold in seconds, and milliseconds between two calls. */
  constructor(threshold: number, period: number) {
    this.#shared = {
      threshold: threshold * 1000,
      period,
      numbers: new Int32Array(new SharedArrayBuffer(8)),
      text: new Uint8Array(new SharedArrayBuffer(MAX_STACK)),
    };
    this.#worker = startWorker(this.#shared);
  }

  turned(): void {
    Atomics.add(this.#shared.numbers, 0, 1);
    Atomics.store(this.#shared.numbers, 1, 0);
  }

  take(_seconds: number, told: (stack: string | undefined) => void): void {
    const { numbers, text } = this.#shared;
    Atomics.add(numbers, 0, 1);
    const length = Atomics.exchange(numbers, 1, 0);
    // A copy, as decoders take no shared memory.
    told(length === 0 ? undefined : new TextDecoder().decode(text.slice(0, length)));
  }

  stop(): void {
    this.#worker?.terminate();
  }
}

/** Undefined where none may be started; one that fails ends. Then there are no stacks. */
function startWorker(shared: Shared): Worker | undefined {
  try {
    const worker = new Worker(new URL(WORKER), { workerData: shared });
    worker.on("error", () => undefined);
    worker.unref();
    return worker;
  } catch {
    return undefined;
  }
}
