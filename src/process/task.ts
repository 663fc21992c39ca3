/**
 * A child process's own side: what its parent has told it in the environment, and the channel to the
 * parent. `supervisor.ts` is the other side.
 */

import process from "node:process";
import { genLog } from "../log.ts";
import { handOverSignals, shutdown } from "../shutdown.ts";

/** Where a child's parent writes what the child is. */
export const TASK_VARIABLE = "SQUALL_TASK";

/** A listening socket that the parent has opened, under the address that was asked for. */
export interface InheritedListener {
  readonly key: string;
  /** Missing where the runtime cannot hand descriptors on: then children share the port. */
  readonly fd?: number;
  /** The port that the parent took, where 0 was asked for. */
  readonly port: number;
}

/** What a child is told. */
export interface Task {
  readonly id: number;
  readonly listeners: readonly InheritedListener[];
}

/** What a child says to its parent. */
export const READY = "squall: ready";

let task: Task | undefined;
let asked = false;
let joined = false;
let alone = false;
/** The program itself says when it is ready. */
let programReports = false;
/** Servers that are about to listen. */
let opening = 0;
let listens = false;

/** Milliseconds between looks at who the parent is. */
const PARENT_CHECK = 1000;

/** What this process was started as, or undefined if it is no child of `forkProcesses`. */
export function currentTask(): Task | undefined {
  if (asked) return task;
  asked = true;
  const text = readVariable();
  if (text !== undefined) {
    task = JSON.parse(text) as Task;
    // The children of a child are no tasks.
    delete process.env[TASK_VARIABLE];
  }
  return task;
}

/** Deno throws if the environment may not be read: then nobody could have forked either. */
function readVariable(): string | undefined {
  try {
    return process.env[TASK_VARIABLE];
  } catch {
    return undefined;
  }
}

/** The place to listen on in this child for what was bound, or undefined if the parent has none. */
export function inheritedListener(
  host: string | undefined,
  port: number,
): InheritedListener | undefined {
  const left = task?.listeners as InheritedListener[] | undefined;
  const key = keyOf(host, port);
  const index = left?.findIndex((listener) => listener.key === key) ?? -1;
  return index < 0 ? undefined : left?.splice(index, 1)[0];
}

export function keyOf(host: string | undefined, port: number): string {
  return `${host ?? ""} ${port}`;
}

/**
 * Takes up the task: signals of the terminal are the parent's, and if the parent is gone, this
 * process stops gracefully too. With `reportsReady`, that servers listen is not enough to be ready.
 */
export function joinParent(reportsReady = false): void {
  if (joined) return;
  joined = true;
  programReports = reportsReady;
  handOverSignals("SIGINT");
  // A terminal that is closed tells the whole group; the parent says what that means.
  process.on("SIGHUP", () => undefined);
  process.once("disconnect", stopAlone);
  // Deno hears nothing if the parent was killed before it had read what the child said.
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stopAlone();
  }, PARENT_CHECK);
  timer.unref();
  // The channel alone does not keep a child alive that has nothing more to do.
  (process as { channel?: { unref?: () => void } }).channel?.unref?.();
}

/** The parent is gone. */
function stopAlone(): void {
  if (alone) return;
  alone = true;
  genLog.warning("The parent process is gone: stopping");
  shutdown().then(() => process.exit(1));
}

/**
 * Tells the parent that this child serves, so that a rolling restart goes on to the next one. For
 * programs that run with `reportsReady`, and for those that serve otherwise than by servers of
 * `tcpserver`, which do it themselves; elsewhere than in a child it does nothing.
 */
export function reportReady(): void {
  if (!joined) return;
  // Without a function for the error, the process would end when its parent is gone.
  process.send?.(READY, undefined, undefined, () => undefined);
}

/**
 * The listener, once it is there. A child is ready when it has one, and when nothing else is being
 * opened at the end of the turn: a program that fails right after it has listened, or whose next
 * address is taken, is not to be believed.
 */
export async function reportListening<Listens>(listener: Promise<Listens>): Promise<Listens> {
  if (!joined || programReports) return listener;
  opening++;
  try {
    const opened = await listener;
    listens = true;
    return opened;
  } finally {
    opening--;
    setTimeout(() => {
      if (listens && opening === 0) reportReady();
    });
  }
}
