/**
 * The same program in several processes. JavaScript cannot fork, so a child is the program started
 * again: what stands before `await forkProcesses()` runs in the parent and in every child, what
 * stands after it in the children alone.
 */

import { availableParallelism } from "node:os";
import type { ListenOptions } from "../host.ts";
import { IOLoop } from "../ioloop.ts";
import { handOverSignals } from "../shutdown.ts";
import { openListeners } from "./listeners.ts";
import { Supervisor, type SupervisorOptions, supervisorOptions } from "./supervisor.ts";
import { currentTask, joinParent } from "./task.ts";

/** How the children are supervised, and what they listen on. */
export interface ForkOptions extends Partial<SupervisorOptions> {
  /**
   * Addresses that the parent opens, once for each child: a child that is started again finds the
   * clients that have come meanwhile. `TCPServer.start` gives those that were bound.
   */
  readonly listen?: readonly ListenOptions[];
  /**
   * The program calls `reportReady()` when it serves. Otherwise a child is ready as soon as its
   * servers listen. false.
   */
  readonly reportsReady?: boolean;
}

/** The processors that this process may use. */
export function cpuCount(): number {
  return availableParallelism();
}

/** Which child of `forkProcesses` this process is, from 0; undefined in all others. */
export function taskId(): number | undefined {
  return currentTask()?.id;
}

/**
 * Starts this program `count` times as child processes, 0 for one on each processor, and
 * supervises them: children that crash are started again, SIGTERM stops all gracefully, SIGHUP
 * starts all anew one after the other. Resolves in each child with its number. In the parent it
 * never resolves: the parent exits with its children, and rejects when they crash too often
 * (Tornado `fork_processes`).
 */
export async function forkProcesses(count = 0, options: ForkOptions = {}): Promise<number> {
  const task = currentTask();
  if (task !== undefined) {
    joinParent(options.reportsReady);
    return task.id;
  }
  if (!(Number.isInteger(count) && count >= 0)) {
    throw new RangeError(`Cannot start ${count} processes: not a whole number from 0 up`);
  }
  const supervised = supervisorOptions(options);
  handOverSignals("SIGTERM", "SIGINT");
  const { listen = [] } = options;
  const size = count === 0 ? cpuCount() : count;
  const { host } = IOLoop.current();
  const command = options.command ?? host.programCommand();
  const supervisor = new Supervisor({ ...supervised, command });
  return supervisor.run(() => openListeners(listen, size));
}
