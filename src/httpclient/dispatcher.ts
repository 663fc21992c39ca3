/**
 * Gives fetches their turn, a connection, and an end if they take too long. Every client has one.
 * Knows nothing of what a fetch sends; `fetch-task.ts` asks it for what it needs.
 */

import type { Tcp } from "../host.ts";
import type { HTTP1ClientConnection } from "../http1connection.ts";
import type { IOLoop } from "../ioloop.ts";
import type { Resolver } from "../netutil.ts";
import { Connector } from "./connector.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { DigestSessions } from "./digest.ts";
import type { HeldLimits } from "./limits.ts";
import { ConnectionPool } from "./pool.ts";
import type { Route } from "./route.ts";

/** Tasks of the queue that are done, before they are dropped from it. */
const COMPACTED = 1024;

/** A fetch, as it is dispatched. */
export interface Task {
  /** When to give up, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Its turn has come, after time in the queue or at once. */
  begin(queued: boolean): void;
  /** Its deadline has passed. */
  timedOut(): void;
  /** The client is closed. */
  clientClosed(): void;
}

export class Dispatcher {
  readonly loop: IOLoop;
  readonly tcp: Tcp;
  readonly limits: HeldLimits;
  readonly sessions: DigestSessions = new DigestSessions();
  /** Connections that are kept. */
  readonly pool: ConnectionPool;
  readonly #connector: Connector;
  /** All that are not over: those whose turn has come, then those that wait. */
  readonly #tasks = new Set<Task>();
  readonly #queue: Task[] = [];
  #next = 0;
  #active = 0;
  #restDue = false;
  readonly #timer = new DeadlineTimer(() => this.#checkDeadlines());

  constructor(loop: IOLoop, limits: HeldLimits, resolver: Resolver | undefined) {
    this.loop = loop;
    this.tcp = loop.tcp;
    this.limits = limits;
    this.pool = new ConnectionPool(loop.tcp, limits.client);
    this.#connector = new Connector({ loop, owner: this.pool, limits, resolver });
  }

  /** Begins a task, or lets it wait for its turn. */
  add(task: Task): void {
    if (this.#tasks.size === 0) this.#timer.hold(true);
    this.#tasks.add(task);
    this.#timer.watch(task.deadline);
    if (this.#active < this.limits.client.maxClients) {
      this.#active++;
      task.begin(false);
    } else {
      this.#queue.push(task);
    }
  }

  /** A task is over, whose turn had come if `begun`. */
  remove(task: Task, begun: boolean): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#restSoon();
    if (!begun) return;
    const next = this.#nextInQueue();
    if (next === undefined) this.#active--;
    else next.begin(true);
  }

  /** A task's deadline is a new one. */
  watch(task: Task): void {
    this.#timer.watch(task.deadline);
  }

  /** Opens a connection; undefined if the signal says that it is not wanted any more. */
  open(route: Route, signal: AbortSignal): Promise<HTTP1ClientConnection | undefined> {
    return this.#connector.open(route, signal);
  }

  /** Ends every fetch with an error, and closes what is kept. */
  close(): void {
    this.#queue.length = 0;
    this.#next = 0;
    for (const task of [...this.#tasks]) task.clientClosed();
    this.pool.close();
    this.#timer.stop();
  }

  /** Lets the process end, unless who has waited for the last fetch begins another one at once. */
  #restSoon(): void {
    this.#timer.hold(false);
    if (this.#restDue) return;
    this.#restDue = true;
    setImmediate(() => {
      this.#restDue = false;
      if (this.#tasks.size === 0) this.pool.rest();
    });
  }

  /** The first that has not given up meanwhile, and for which it is not too late. */
  #nextInQueue(): Task | undefined {
    if (this.#queue.length === 0) return undefined;
    const now = this.tcp.time();
    while (this.#next < this.#queue.length) {
      const task = this.#queue[this.#next++] as Task;
      // What is done is dropped now and then: moving the others each time would be quadratic.
      if (this.#next === COMPACTED) {
        this.#queue.splice(0, COMPACTED);
        this.#next = 0;
      }
      if (!this.#tasks.has(task)) continue;
      if (task.deadline > now) return task;
      // Its timer has not fired yet: what would be sent now, nobody waits for.
      task.timedOut();
    }
    this.#queue.length = 0;
    this.#next = 0;
    return undefined;
  }

  #checkDeadlines(): void {
    const now = performance.now();
    for (const task of [...this.#tasks]) {
      if (task.deadline <= now) task.timedOut();
      else this.#timer.watch(task.deadline);
    }
  }
}
