/** What the tests of the executor run in other threads. */
import { parentPort, threadId } from "node:worker_threads";

export function add(left: number, right: number): number {
  return left + right;
}

export function thread(): number {
  return threadId;
}

export async function length(bytes: ArrayBuffer): Promise<number> {
  await Promise.resolve();
  return bytes.byteLength;
}

/** Waits without ever giving the thread back until the flag is set. */
export function waitFor(flag: Int32Array<SharedArrayBuffer>, started = 1): string {
  Atomics.add(flag, started, 1);
  Atomics.notify(flag, started);
  Atomics.wait(flag, 0, 0);
  return "woken";
}

/** Says something by the thread's own port, before and after it has returned. */
export function speaks(): string {
  parentPort?.postMessage({ value: "spoken" });
  parentPort?.postMessage(undefined);
  queueMicrotask(() => setImmediate(() => parentPort?.postMessage({ value: "spoken" })));
  return "returned";
}

export function spin(flag: Int32Array<SharedArrayBuffer>): never {
  Atomics.add(flag, 1, 1);
  for (;;) Atomics.load(flag, 0);
}

export class PaymentError extends Error {
  override readonly name = "PaymentError";
  readonly code = "E_PAYMENT";
  isFinal(): boolean {
    return true;
  }
}

export class OverdrawnError extends PaymentError {}

class BalanceError extends RangeError {}

export function overdraw(): never {
  throw new OverdrawnError("no money", { cause: new BalanceError("below 0") });
}

/** One that cannot be told without its constructor. */
export class SecretError extends DOMException {
  readonly #secret: string = "kept";
  override get name(): string {
    return `SecretError ${this.#secret}`;
  }
  get detail(): string {
    return this.#secret;
  }
}

export function tellSecret(): never {
  throw Object.defineProperty(new SecretError("secret"), "detail", { value: 1, enumerable: true });
}

export function giveUp(): never {
  throw new DOMException("too long", "TimeoutError");
}

export function refuse(): never {
  throw new PaymentError("no money", { cause: new RangeError("balance") });
}

export function refuseAll(): never {
  throw new AggregateError([new Error("one"), new TypeError("two")], "all have failed");
}

export function throwText(): never {
  throw "text";
}

export function giveFunction(): () => void {
  return () => undefined;
}

export function end(): never {
  process.exit(3);
}

export const notFunction = 1;
