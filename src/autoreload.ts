/**
 * Starts a program again when its files change: for development (Tornado `autoreload`). The process
 * that calls `start` becomes the supervisor of a child, which is the same program with the same
 * arguments; the child watches, exits when something has changed, and is started again.
 */

import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { loadedFiles, ProgramFiles } from "./autoreload/files.ts";
import { standIn } from "./autoreload/stand-in.ts";
import { RELOAD, supervise, VARIABLE } from "./autoreload/supervisor.ts";
import { IOLoop } from "./ioloop.ts";
import { appLog, genLog } from "./log.ts";
import { taskId } from "./process.ts";

/** What `start` and `run` may be told. */
export interface AutoreloadOptions {
  /** Milliseconds between two looks at the files; 500 if left out, as in Tornado. */
  readonly checkTime?: number;
}

const CHECK_TIME = 500;
/** Milliseconds that hooks have before the program ends anyway. */
const HOOK_TIME = 2000;

const files = new ProgramFiles(process.argv[1], loadedFiles);
const hooks: (() => unknown)[] = [];
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Starts this program again whenever one of its files has changed: those that it imports by relative
 * paths, and those given to `watch`. Call it early: in the process that the user has started it does
 * not return, because that one only runs the child from here on. Does nothing in worker threads, in
 * processes that were forked, and when called again.
 */
export function start(options: AutoreloadOptions = {}): void {
  if (timer !== undefined || !isMainThread) return;
  const { checkTime = CHECK_TIME } = options;
  if (process.env[VARIABLE] === undefined) {
    // A channel to a parent says that somebody else has forked this process and expects it to live.
    if (process.send !== undefined || taskId() !== undefined) return;
    const { entry, paths } = files;
    const command = IOLoop.current().host.programCommand();
    standIn({ entry, paths, checkTime, command }, runtimeOf(command));
  }
  // What this program starts is not run by the supervisor.
  delete process.env[VARIABLE];
  files.mark();
  const parent = process.ppid;
  timer = setInterval(() => {
    if (process.ppid === parent) {
      look();
      return;
    }
    // The supervisor was killed: nobody would start this program again, or end it. Once, as a second
    // signal breaks off what stops gracefully.
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, checkTime);
  timer.unref();
}

/** Watches a file as well, or whatever is in a folder. It may be one that is not there yet. */
export function watch(path: string): void {
  files.add(path);
}

/**
 * Has a function run before the program ends to be started again; promises have two seconds. What it
 * throws, or rejects with, is logged.
 */
export function addReloadHook(hook: () => unknown): void {
  hooks.push(hook);
}

/**
 * Keeps a program that would end alive until one of its files has changed, and then starts it
 * again: the last line of one that is to be repeated, such as tests.
 */
export async function wait(options: AutoreloadOptions = {}): Promise<never> {
  start(options);
  timer?.ref();
  return new Promise<never>(() => undefined);
}

/** What `run` may be told besides. */
export interface RunOptions extends AutoreloadOptions {
  /** Files and folders to watch besides what the program imports. */
  readonly watch?: readonly string[];
  /** Returns once the program has exited with 0, instead of waiting for the next change. */
  readonly untilSuccess?: boolean;
}

/**
 * Runs another program on this runtime, with the same flags and permissions, and again whenever its
 * files change: what `squall autoreload` does. One that fails waits for the next change. Resolves
 * with an exit code when a signal has ended it.
 */
export async function run(program: readonly string[], options: RunOptions = {}): Promise<number> {
  const { checkTime = CHECK_TIME, untilSuccess = false } = options;
  const runtime = runtimeOf(IOLoop.current().host.programCommand());
  const watched = new ProgramFiles(program[0]);
  for (const path of options.watch ?? []) watched.add(path);
  const until = untilSuccess ? "success" : "signal";
  const { code } = await supervise([...runtime, ...program], watched, { checkTime, until });
  return code;
}

/** What comes before this program's own file and arguments: the runtime and its flags. */
function runtimeOf(command: readonly string[]): readonly string[] {
  return command.slice(0, command.length - (process.argv.length - 1));
}

function look(): void {
  const [changed] = files.changed();
  if (changed === undefined) return;
  clearInterval(timer);
  genLog.info(`${changed} changed; starting again`);
  const done = Promise.all(hooks.map(runHook));
  const late = new Promise((resolve) => setTimeout(resolve, HOOK_TIME));
  Promise.race([done, late]).then(() => process.exit(RELOAD));
}

/** The program is started again, whatever a hook throws. */
async function runHook(hook: () => unknown): Promise<void> {
  try {
    await hook();
  } catch (error) {
    appLog.exception("Uncaught exception in a reload hook", error);
  }
}
