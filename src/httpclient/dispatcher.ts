/**
 * Gives fetches their turn, a connection, and an end if they take too long. Every client has one.
 * Knows nothing of what a fetch sends; `fetch-task.ts` asks it for what it needs.
 */

import type { Socket, Tcp } from "../host.ts";
import { type ClientConnectionOwner, HTTP1ClientConnection } from "../http1connection.ts";
import type { IOLoop, Timeout } from "../ioloop.ts";
import type { HeldLimits } from "./limits.ts";
import { ConnectionPool } from "./pool.ts";
import type { Route } from "./route.ts";

/** A fetch, as it is dispatched. */
export interface Task {
  /** When to give up, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Its turn has come. */
  begin(): void;
  /** Its deadline has passed. */
  timedOut(): void;
  /** The client is closed. */
  clientClosed(): void;
}

export class Dispatcher implements ClientConnectionOwner {
  readonly loop: IOLoop;
  readonly tcp: Tcp;
  readonly limits: HeldLimits;
  readonly #pool: ConnectionPool;
  /** All that are not over: those whose turn has come, then those that wait. */
  readonly #tasks = new Set<Task>();
  readonly #queue: Task[] = [];
  #next = 0;
  #active = 0;
  #timer: Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(loop: IOLoop, limits: HeldLimits) {
    this.loop = loop;
    this.tcp = loop.tcp;
    this.limits = limits;
    this.#pool = new ConnectionPool(loop, limits.client);
  }

  /** Connections that are kept for the next fetch. */
  get idleConnections(): number {
    return this.#pool.size;
  }

  /** Begins a task, or lets it wait for its turn. */
  add(task: Task): void {
    this.#tasks.add(task);
    this.watch(task);
    if (this.#active < this.limits.client.maxClients) {
      this.#active++;
      task.begin();
    } else {
      this.#queue.push(task);
    }
  }

  /** A task is over, whose turn had come if `begun`. */
  remove(task: Task, begun: boolean): void {
    this.#tasks.delete(task);
    if (!begun) return;
    const next = this.#nextInQueue();
    if (next === undefined) this.#active--;
    else next.begin();
  }

  /** A task's deadline is a new one. */
  watch(task: Task): void {
    if (task.deadline < this.#timerDue) this.#startTimer(task.deadline);
  }

  /** A connection that is kept, if there is one. */
  take(key: string): HTTP1ClientConnection | undefined {
    return this.#pool.take(key);
  }

  /** Opens a connection; `wanted` is asked when it is there, for a task may have given up. */
  async open(route: Route, wanted: () => boolean): Promise<HTTP1ClientConnection | undefined> {
    let connection: HTTP1ClientConnection | undefined;
    await this.tcp.connect(route.connect, (socket: Socket) => {
      connection = new HTTP1ClientConnection(socket, route.key, this);
      return connection;
    });
    if (wanted()) return connection;
    connection?.closeIdle();
    return undefined;
  }

  connectionReleased(connection: HTTP1ClientConnection): void {
    this.#pool.keep(connection);
  }

  connectionLost(connection: HTTP1ClientConnection): void {
    this.#pool.forget(connection);
  }

  /** Ends every fetch with an error, and closes what is kept. */
  close(): void {
    this.#queue.length = 0;
    this.#next = 0;
    for (const task of [...this.#tasks]) task.clientClosed();
    this.#pool.close();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  /** The first that has not given up meanwhile. */
  #nextInQueue(): Task | undefined {
    while (this.#next < this.#queue.length) {
      const task = this.#queue[this.#next++] as Task;
      if (this.#tasks.has(task)) return task;
    }
    this.#queue.length = 0;
    this.#next = 0;
    return undefined;
  }

  /**
   * One timer for all deadlines, at the earliest. Mostly every fetch has the same timeouts, so later
   * ones leave it as it is.
   */
  #startTimer(due: number): void {
    this.#timer?.cancel();
    this.#timerDue = due;
    const seconds = Math.max(0, due - performance.now()) / 1000;
    this.#timer = this.loop.callLater(seconds, () => this.#checkDeadlines());
  }

  #checkDeadlines(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const task of [...this.#tasks]) {
      if (task.deadline <= now) task.timedOut();
      else earliest = Math.min(earliest, task.deadline);
    }
    if (earliest < this.#timerDue && this.#tasks.size > 0) this.#startTimer(earliest);
  }
}
