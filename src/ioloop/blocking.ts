/**
 * Sees that the event loop did not turn for a while, and, by a thread that runs
 * `blocking-worker.ts`, in what. Private to `ioloop`.
 */

import { isMainThread, Worker } from "node:worker_threads";

/** Looks at the clock this many times in a threshold. */
export const LOOKS = 4;
/** Bytes of a stack that are kept: ten frames with long paths. */
export const MAX_STACK: number = 8 * 1024;

/** What the thread and this one have in common. */
export interface Shared {
  /** Seconds. */
  readonly threshold: number;
  /** The loop's turns that were seen here; the bytes of `text` that the thread has written. */
  readonly numbers: Int32Array;
  readonly text: Uint8Array;
}

// Compiled, this file and its neighbour end in .js.
const WORKER = import.meta.url.replace(/blocking(\.[jt]s)(?=$|[?#])/, "blocking-worker$1");

export interface BlockingWatchOptions {
  /** In seconds, above 0. */
  readonly threshold: number;
  /** Whether a thread looks at what blocks: of no use where the host does not show stacks. */
  readonly withStack: boolean;
}

/** Hears of it when it is over: for how many seconds, and in what, if that could be seen. */
export type Blocked = (seconds: number, stack: string | undefined) => void;

export class BlockingWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #shared: Shared;
  #worker: Worker | undefined;

  /** Throws a RangeError unless the threshold is above 0. */
  constructor({ threshold, withStack }: BlockingWatchOptions, blocked: Blocked) {
    if (!(threshold > 0)) {
      throw new RangeError(`Cannot watch for blocking of ${threshold} s: it is not above 0`);
    }
    this.#shared = {
      threshold,
      numbers: new Int32Array(new SharedArrayBuffer(8)),
      text: new Uint8Array(new SharedArrayBuffer(MAX_STACK)),
    };
    // Inspectors show the main thread alone.
    if (withStack && isMainThread) this.#worker = startWorker(this.#shared);
    let last = performance.now();
    this.#timer = setInterval(
      () => {
        const now = performance.now();
        const seconds = (now - last) / 1000;
        last = now;
        Atomics.add(this.#shared.numbers, 0, 1);
        const stack = this.#takeStack();
        // Counts from the last look, so that nothing that blocks for the threshold is missed.
        if (seconds >= threshold) blocked(seconds, stack);
      },
      (threshold * 1000) / LOOKS,
    );
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#worker?.terminate();
  }

  #takeStack(): string | undefined {
    const { numbers, text } = this.#shared;
    const length = Atomics.exchange(numbers, 1, 0);
    // A copy, as decoders take no shared memory.
    return length === 0 ? undefined : new TextDecoder().decode(text.slice(0, length));
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
