/**
 * The end of a stream whose peer does not read: a socket that is closed waits for it, and somebody
 * has to say for how long. `io-stream.ts` calls this when it closes its socket.
 */
import type { Socket } from "../host.ts";
import { genLog } from "../log.ts";
import { TimeoutError, timerDelay } from "../util.ts";

/** Within the time it is looked so often, so that nobody is late by more than a quarter of it. */
const LOOKS = 4;

/**
 * Aborts a socket that is being closed once its peer has taken nothing for some seconds; 0 waits for
 * ever. Tells `overdue` before that. Keeps no process running. Returns what ends it.
 */
export function limitClose(
  socket: Socket,
  seconds: number,
  overdue: (error: Error) => void,
): () => void {
  if (seconds === 0) return () => {};
  let waiting = socket.bufferedAmount;
  let looks = 0;
  const look = (): void => {
    const before = waiting;
    waiting = socket.bufferedAmount;
    // Nobody writes any more, so any change is the peer's doing; TLS adds to what it takes away.
    looks = waiting === before ? looks + 1 : 0;
    if (looks < LOOKS) return;
    clearInterval(timer);
    const error = new TimeoutError(`Cannot send what was written: not read for ${seconds} s`);
    genLog.debug("Stream broken off: its peer has not read for closeTimeout seconds");
    overdue(error);
    socket.abort();
  };
  const timer = setInterval(look, timerDelay(seconds / LOOKS)).unref();
  return () => clearInterval(timer);
}
