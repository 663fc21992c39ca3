/**
 * The parent of `forkProcesses`: starts children, starts those again that crash, stops them and
 * replaces them on signals. Knows nothing of servers: it hands on descriptors and hears "ready".
 */

import type { ChildProcess, StdioOptions } from "node:child_process";
import process from "node:process";
import { genLog } from "../log.ts";
import { checkLimit, orLate, timerDelay } from "../util.ts";
import type { ChildListeners } from "./listeners.ts";
import { READY, TASK_VARIABLE, type Task } from "./task.ts";

export interface SupervisorOptions {
  /** Crashes of children, all together, after which the parent gives up. 100, as in Tornado. */
  readonly maxRestarts: number;
  /**
   * Seconds until a child is started again that ended before it was ready; twice as many each time
   * that it does so again, up to ten. One that has been ready is started again at once. 0.25.
   */
  readonly restartDelay: number;
  /** Seconds that a new child has until it serves, when it replaces another one. 60. */
  readonly readyTimeout: number;
  /**
   * Seconds after which a child that was told to stop is killed: more than its `drainDelay`,
   * `drainTimeout` and the five of `onShutdown` together. 35.
   */
  readonly killTimeout: number;
  /** The command that starts a child: this program again, unless given. */
  readonly command?: readonly string[];
}

export const DEFAULT_FORK: SupervisorOptions = {
  maxRestarts: 100,
  restartDelay: 0.25,
  readyTimeout: 60,
  killTimeout: 35,
};

const LIMITS = ["maxRestarts", "restartDelay", "readyTimeout", "killTimeout"] as const;

/**
 * The defaults with some replaced. Throws a RangeError for what is no number from 0 up: children would
 * be killed at once, or started for ever.
 */
export function supervisorOptions(options: Partial<SupervisorOptions>): SupervisorOptions {
  const limits: Partial<Record<(typeof LIMITS)[number], number>> = {};
  for (const name of LIMITS) {
    const value = options[name];
    if (value !== undefined) limits[name] = checkLimit(name, value);
  }
  return { ...DEFAULT_FORK, ...limits };
}

/** Descriptors of a child: 0 to 2 as usual, the channel, and from here on what it is handed. */
const FIRST_HANDED = 4;

/**
 * The longest delay, in seconds, until a child is tried again: what kept it from starting, such as a
 * database, may be back, and each try takes a second of a processor.
 */
const LONGEST_DELAY = 10;

interface Child {
  readonly id: number;
  readonly process: ChildProcess;
  /** Resolves with true when it serves, with false when it has ended before. */
  readonly ready: Promise<boolean>;
  readonly gone: Promise<void>;
  readonly started: number;
  isReady: boolean;
  killTimer: ReturnType<typeof setTimeout> | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  /** By task. */
  #listeners: readonly ChildListeners[] = [];
  /** By task; undefined for those that ended by themselves. */
  readonly #children: (Child | undefined)[] = [];
  /** Everything that runs, those that are being replaced too. */
  readonly #running = new Set<Child>();
  /** By task: those that are to be started again, and when. */
  readonly #waiting = new Map<number, ReturnType<typeof setTimeout>>();
  /** By task: how often in a row it has ended before it was ready. */
  readonly #failures: number[] = [];
  #restarts = 0;
  #stopping = false;
  #replacing = false;
  /** SIGHUP has come once more: what is new already may be so no more. */
  #replaceAgain = false;
  #exitCode = 0;
  #fail: (error: Error) => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Opens what the children listen on, by task, and starts them; signals are heard from here on.
   * Never resolves; rejects when children crash too often.
   */
  async run(open: () => Promise<readonly ChildListeners[]>): Promise<never> {
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => this.#stop(signal));
    process.on("SIGHUP", () => this.#replaceAll());
    this.#listeners = await open();
    const count = this.#listeners.length;
    genLog.info(`Starting ${count} processes`);
    for (let id = 0; id < count; id++) this.#children[id] = this.#start(id);
    return new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
  }

  #start(id: number): Child {
    const listeners = this.#listeners[id]?.opened ?? [];
    const handed: number[] = [];
    const task: Task = {
      id,
      listeners: listeners.map(({ key, port, idle }) => {
        if (idle === undefined) return { key, port };
        if (idle.byNumber) return { key, port, fd: idle.fd };
        return { key, port, fd: FIRST_HANDED + handed.push(idle.fd) - 1 };
      }),
    };
    const [file = "", ...args] = this.#options.command ?? [];
    const stdio: StdioOptions = ["ignore", "inherit", "inherit", "ipc", ...handed];
    const env = { ...process.env, [TASK_VARIABLE]: JSON.stringify(task) };
    // Loaded here, as servers that do not fork load this file too.
    const { spawn } = process.getBuiltinModule("node:child_process");
    for (const { idle } of listeners) idle?.setInheritable(true);
    const child = this.#watch(id, spawn(file, args, { stdio, env }));
    for (const { idle } of listeners) idle?.setInheritable(false);
    this.#running.add(child);
    return child;
  }

  #watch(id: number, started: ChildProcess): Child {
    let gone = (): void => undefined;
    const child: Child = {
      id,
      process: started,
      gone: new Promise((resolve) => {
        gone = resolve;
      }),
      ready: new Promise((resolve) => {
        started.on("message", (message) => {
          if (message !== READY) return;
          child.isReady = true;
          resolve(true);
          for (const waiting of this.#waiting.keys()) this.#leaveClientsToOthers(waiting);
        });
        started.on("exit", () => resolve(false));
        started.on("error", () => resolve(false));
      }),
      started: performance.now(),
      isReady: false,
      killTimer: undefined,
    };
    const ended = (how: string, code: number): void => {
      if (!this.#running.delete(child)) return;
      clearTimeout(child.killTimer);
      gone();
      this.#ended(child, how, code);
    };
    started.on("exit", (code, signal) => {
      // One that is told to stop, by a terminal too, before it listens to that has failed nobody.
      const isMeant = (signal === "SIGTERM" || signal === "SIGINT") && this.#stopping;
      if (signal !== null) ended(`was killed by signal ${signal}`, isMeant ? 0 : 1);
      else ended(`exited with status ${code}`, code ?? 1);
    });
    started.on("error", (error) => ended(`could not be started: ${error.message}`, 1));
    return child;
  }

  #ended(child: Child, how: string, code: number): void {
    const { id } = child;
    const what = `Child ${id} (pid ${child.process.pid}) ${how}`;
    if (this.#stopping) {
      if (code !== 0) this.#exitCode = code;
      this.#exitIfDone();
    } else if (this.#children[id] !== child) {
      // It was replaced, or was to replace another one and failed.
      genLog.info(what);
    } else if (code === 0) {
      genLog.info(`${what}: done`);
      this.#children[id] = undefined;
      this.#listeners[id]?.close();
      this.#exitIfDone();
    } else {
      this.#children[id] = undefined;
      const failed = this.#failedToStart(child);
      this.#restart(id, failed ? `${what} before it was ready` : what, failed);
    }
  }

  /** Whether it has ended before it was ready. What never says so, but works on for long, has not. */
  #failedToStart(child: Child): boolean {
    return !child.isReady && performance.now() - child.started < this.#options.readyTimeout * 1000;
  }

  #restart(id: number, what: string, failed: boolean): void {
    this.#restarts++;
    if (this.#restarts > this.#options.maxRestarts) {
      this.#giveUp(what);
      return;
    }
    const failures = failed ? (this.#failures[id] ?? 0) + 1 : 0;
    this.#failures[id] = failures;
    const delay = failed ? this.#delayAfter(failures) : 0;
    if (delay === 0) {
      genLog.warning(`${what}: starting it again`);
      this.#children[id] = this.#start(id);
      return;
    }
    this.#waiting.set(
      id,
      setTimeout(() => this.#tryAgain(id), timerDelay(delay)),
    );
    this.#leaveClientsToOthers(id);
    genLog.warning(`${what}: starting it again in ${delay} s`);
  }

  #delayAfter(failures: number): number {
    const { restartDelay } = this.#options;
    return Math.min(restartDelay * 2 ** (failures - 1), Math.max(restartDelay, LONGEST_DELAY));
  }

  /**
   * The kernel gives new clients to open sockets alone: nobody is to wait for a child that may never
   * serve. The last ones stay open, so that nobody else can take the port, and so do those on which
   * another process of the same task accepts.
   */
  #leaveClientsToOthers(id: number): void {
    const listeners = this.#listeners[id];
    if (!listeners?.canReopen) return;
    for (const { id: other } of this.#running) if (other === id) return;
    if (this.#children.some((child) => child?.isReady)) listeners.close();
  }

  async #tryAgain(id: number): Promise<void> {
    const listeners = this.#listeners[id];
    try {
      await listeners?.open();
    } catch (error) {
      if (!this.#waiting.delete(id)) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#restart(id, `Cannot open the sockets of child ${id}: ${reason}`, true);
      return;
    }
    if (this.#waiting.delete(id)) this.#children[id] = this.#start(id);
    else if (this.#stopping) listeners?.close();
  }

  #giveUp(what: string): void {
    genLog.error(`${what}, after ${this.#restarts - 1} restarts: giving up`);
    this.#exitCode = 1;
    this.#fail(new Error(`Cannot keep children alive: more than ${this.#restarts - 1} crashed`));
    this.#stop("Too many crashes");
  }

  #stop(reason: string): void {
    if (this.#stopping) {
      for (const child of this.#running) send(child, "SIGKILL");
      return;
    }
    genLog.info(`${reason}: stopping ${this.#running.size} processes; once more kills them`);
    this.#stopping = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    for (const listeners of this.#listeners) {
      // The children accept who has connected until now, and close the socket last.
      for (const { idle } of listeners.opened) idle?.refuseClients();
      listeners.close();
    }
    for (const child of this.#running) this.#end(child);
    this.#exitIfDone();
  }

  #end(child: Child): void {
    // A second signal would end it at once.
    if (child.killTimer !== undefined) return;
    send(child, "SIGTERM");
    child.killTimer = setTimeout(() => {
      genLog.warning(`Child ${child.id} (pid ${child.process.pid}) does not stop: killed`);
      send(child, "SIGKILL");
    }, timerDelay(this.#options.killTimeout));
  }

  /** All that were started have ended, and none is to be started again. */
  #exitIfDone(): void {
    const goesOn = this.#waiting.size > 0 || this.#children.some((child) => child);
    if (this.#running.size === 0 && (this.#stopping || !goesOn)) process.exit(this.#exitCode);
  }

  #replaceAll(): void {
    this.#replaceAgain = this.#replacing;
    if (this.#replacing) return;
    this.#replacing = true;
    // The program may have been put right.
    for (const [id, timer] of this.#waiting) {
      clearTimeout(timer);
      this.#failures[id] = 0;
      this.#tryAgain(id);
    }
    this.#replaceEach().finally(() => {
      this.#replacing = false;
      if (this.#replaceAgain && !this.#stopping) this.#replaceAll();
    });
  }

  /**
   * One child after the other: the new one listens before the old one is told to stop. Both have
   * the same sockets, so that no client is refused.
   */
  async #replaceEach(): Promise<void> {
    genLog.info("SIGHUP: starting all processes anew");
    for (const old of [...this.#children]) {
      if (old === undefined) continue;
      const fresh = this.#start(old.id);
      const works = await this.#becomesReady(fresh);
      if (this.#stopping) return;
      if (!works) {
        genLog.error(`A new child ${old.id} does not serve: the old ones go on`);
        send(fresh, "SIGKILL");
        return;
      }
      // The old one may have crashed meanwhile, and its place be taken, or be about to be.
      clearTimeout(this.#waiting.get(old.id));
      this.#waiting.delete(old.id);
      const present = this.#children[old.id];
      this.#children[old.id] = fresh;
      if (present !== undefined) this.#end(present);
      await present?.gone;
      if (this.#stopping) return;
    }
    genLog.info("All processes are new");
  }

  #becomesReady(child: Child): Promise<boolean> {
    return orLate(child.ready, this.#options.readyTimeout, () => false);
  }
}

/** Not the child object's own `kill`: on Deno it says afterwards that the signal ended the child. */
function send(child: Child, signal: "SIGTERM" | "SIGKILL"): void {
  const { pid } = child.process;
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
