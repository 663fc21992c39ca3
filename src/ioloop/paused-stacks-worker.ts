/**
 * The thread of PausedStacks: when the loop has not turned for too long, it stops the loop's thread
 * by the inspector, writes down what runs there, and lets it go on. Started by `paused-stacks.ts`,
 * and imported by nobody. Ends where the inspector cannot do that.
 */

import { type Debugger, Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import { MAX_STACK, type Shared } from "./paused-stacks.ts";

/** As many as Node itself shows of an error. */
const FRAMES = 10;

const { threshold, period, numbers, text } = workerData as Shared;

let turns = -1;
let changed = performance.now();
let seen = false;

const timer = setInterval(() => {
  const now = performance.now();
  const found = Atomics.load(numbers, 0);
  if (found !== turns) {
    turns = found;
    changed = now;
    seen = false;
  } else if (!seen && now - changed >= threshold) {
    // Once for each time that it blocks.
    seen = true;
    look(found).catch(() => clearInterval(timer));
  }
}, period);

/** Rejects where there is no inspector of another thread. */
async function look(turn: number): Promise<void> {
  const session = new Session();
  try {
    session.connectToMainThread();
    await write(session, turn);
  } finally {
    session.disconnect();
  }
}

async function write(session: Session, turn: number): Promise<void> {
  const scripts = new Map<string, string>();
  session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params.url));
  let asked = false;
  const paused = new Promise<Debugger.CallFrame[] | undefined>((resolve) => {
    // Undefined: stopped by somebody else, a person with a debugger.
    session.on("Debugger.paused", ({ params }) => resolve(asked ? params.callFrames : undefined));
  });
  const enabled = post(session, "Debugger.enable", () => {
    asked = true;
  });
  // At once: a thread that waits in a system call hears both when that is over, and goes on.
  await Promise.all([enabled, post(session, "Debugger.pause")]);
  const frames = await paused;
  if (frames === undefined) return;
  // It may have turned before it was stopped: then this is not what has blocked it.
  if (Atomics.load(numbers, 0) === turn) {
    const lines = frames.slice(0, FRAMES).map((frame) => lineOf(frame, scripts));
    const { written } = new TextEncoder().encodeInto(lines.join("\n"), text);
    Atomics.store(numbers, 1, Math.min(written, MAX_STACK));
  }
  await post(session, "Debugger.resume");
}

function post(session: Session, method: string, done?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    session.post(method, (error) => {
      if (error !== null) return reject(error);
      done?.();
      resolve();
    });
  });
}

/** As in the `stack` of an error. */
function lineOf(frame: Debugger.CallFrame, scripts: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber = 0 } = frame.location;
  const place = `${scripts.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1}`;
  return frame.functionName === "" ? `at ${place}` : `at ${frame.functionName} (${place})`;
}
