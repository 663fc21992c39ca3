/**
 * The end of a stream: who is told of it, and what becomes of one whose peer does not read. A socket
 * that is closed waits for it, and somebody has to say for how long. Called by `io-stream.ts`.
 */
import type { Socket } from "../host.ts";
import { appLog, genLog } from "../log.ts";
import { isThenable, TimeoutError, timerDelay } from "../util.ts";

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

/** Tells of the close; what the callback throws, or its promise rejects with, is logged. */
export function runCloseCallback(callback: () => unknown): void {
  const failed = (error: unknown): void => {
    appLog.exception("Uncaught exception in a stream's close callback", error);
  };
  try {
    const returned = callback();
    if (isThenable(returned)) returned.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
