/**
 * What SIGTERM and SIGINT do to a process with servers: they stop gracefully, then what was
 * registered here is closed, and the process exits with 0. `Application.listen` has its server
 * stopped this way; `process` starts and supervises processes that are.
 */

import process from "node:process";
import { appLog, genLog } from "./log.ts";
import { orLate } from "./util.ts";

/** What can be stopped gracefully, such as an `HTTPServer`. */
export interface Stoppable {
  /** Stops, and resolves when nothing is open, with the number of those that were broken off. */
  drain(): Promise<number>;
}

/** Seconds that callbacks of `onShutdown` have, all together. */
const CALLBACKS_TIMEOUT = 5;

/** By convention, a process that a signal ended exits with 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof EXIT_CODES;

/**
 * Milliseconds within which SIGTERM is the one that came before: a service manager may tell a whole
 * group of processes, and a parent among them its children.
 */
const SAME_SIGNAL = 1000;

const servers = new Set<Stoppable>();
const callbacks = new Set<() => unknown>();
let signals: readonly Signal[] = ["SIGTERM", "SIGINT"];
let listening = false;
let stopping: Promise<void> | undefined;
let terminatedAt = Number.NEGATIVE_INFINITY;

/**
 * Has SIGTERM and SIGINT stop a server gracefully and end the process with exit code 0; a second
 * signal ends it at once, unless it is SIGTERM within a second of SIGTERM. Returns a function that
 * takes the server out again; without any server the signals do what they did before.
 */
export function stopOnSignals(server: Stoppable): () => void {
  servers.add(server);
  listen();
  return () => {
    servers.delete(server);
    if (servers.size === 0 && stopping === undefined) unlisten();
  };
}

/**
 * Has a callback run when the process is stopped gracefully, after its servers and before it exits:
 * to close a database or a broker. The last one that was registered runs first, and the next one when
 * its promise has settled; all together have five seconds. Returns a function that takes it out again.
 */
export function onShutdown(callback: () => unknown): () => void {
  // Registered twice it runs twice, so each registration is its own function.
  const run = (): unknown => callback();
  callbacks.add(run);
  return () => callbacks.delete(run);
}

/** Stops all servers and runs the callbacks, as a signal does, and leaves the exit to the caller. */
export function shutdown(): Promise<void> {
  stopping ??= stopAll();
  return stopping;
}

/**
 * Leaves signals to somebody else: a process with children stops those, and a child leaves SIGINT,
 * which a terminal sends to both, to its parent.
 */
export function handOverSignals(...names: readonly Signal[]): void {
  if (listening) unlisten();
  signals = signals.filter((signal) => !names.includes(signal));
  for (const name of names) process.on(name, () => undefined);
  if (servers.size > 0) listen();
}

function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of signals) process.on(signal, onSignal);
}

function unlisten(): void {
  listening = false;
  for (const signal of signals) process.off(signal, onSignal);
}

function onSignal(signal: string): void {
  if (signal === "SIGTERM") {
    const now = performance.now();
    if (now - terminatedAt < SAME_SIGNAL) return;
    terminatedAt = now;
  }
  if (stopping !== undefined) process.exit(EXIT_CODES[signal as Signal]);
  genLog.info(`${signal}: stopping; once more exits at once`);
  shutdown().then(() => process.exit(0));
}

async function stopAll(): Promise<void> {
  await Promise.all([...servers].map(stopOne));
  await orLate(runAll(), CALLBACKS_TIMEOUT, () => {
    genLog.warning(`Callbacks of onShutdown are not done after ${CALLBACKS_TIMEOUT} s`);
  });
}

/** One after the other: what was registered later may need what was registered before. */
async function runAll(): Promise<void> {
  for (const callback of [...callbacks].reverse()) await runOne(callback);
}

async function stopOne(server: Stoppable): Promise<void> {
  try {
    const broken = await server.drain();
    if (broken > 0) genLog.warning(`Stopped at the deadline: ${broken} connections were busy`);
  } catch (error) {
    genLog.exception("Cannot stop a server gracefully", error);
  }
}

async function runOne(callback: () => unknown): Promise<void> {
  try {
    await callback();
  } catch (error) {
    appLog.exception("Uncaught exception in a callback of onShutdown", error);
  }
}
