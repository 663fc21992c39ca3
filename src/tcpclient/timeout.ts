/** A deadline for something that is made of several steps. */
import type { IOLoop } from "../ioloop.ts";
import { TimeoutError } from "../util.ts";

/**
 * Runs `work`, whose signal says that its result is not wanted any more. Rejects with TimeoutError
 * after `seconds`; a stream that `work` makes after that, it has to close itself.
 */
export function withTimeout<T extends { close(): void }>(
  loop: IOLoop,
  seconds: number | undefined,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const control = new AbortController();
  const result = work(control.signal);
  if (seconds === undefined) return result;
  return new Promise((resolve, reject) => {
    const timer = loop.callLater(seconds, () => {
      const error = new TimeoutError(`Cannot ${what}: not done within ${seconds} s`);
      control.abort(error);
      reject(error);
      result.then(
        (late) => late.close(),
        () => {},
      );
    });
    result.then(resolve, reject).finally(() => timer.cancel());
  });
}
