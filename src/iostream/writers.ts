/** Who waits until the kernel has what was written. `io-stream.ts` says when that is. */
import { forWhoAwaits } from "../util.ts";
import { StreamClosedError } from "./errors.ts";

interface Writer {
  resolve(): void;
  reject(error: Error): void;
}

/** The promises of writes that are under way. */
export class Writers {
  #waiting: Writer[] = [];

  /** Whether there are any. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  add(): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    return forWhoAwaits(written);
  }

  /** All was given to the kernel. */
  resolve(): void {
    for (const writer of this.#waiting.splice(0)) writer.resolve();
  }

  /** Nothing more will be. */
  reject(cause: Error | undefined): void {
    for (const writer of this.#waiting.splice(0)) writer.reject(new StreamClosedError(cause));
  }
}
