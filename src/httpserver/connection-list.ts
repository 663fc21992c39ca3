/**
 * A server's open connections, in the order of their coming. The links are members of the
 * connections themselves: a Set would cost each of them as much again as this, and grow by copying
 * itself. Used by `httpserver.ts`.
 */

/** What can be in one list. The list looks after both members. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

export class ConnectionList<T extends Linked<T>> implements Iterable<T> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds one that is not there, at the end. */
  add(connection: T): void {
    const last = this.#last;
    connection.previous = last;
    if (last === undefined) this.#first = connection;
    else last.next = connection;
    this.#last = connection;
    this.#size++;
  }

  /** Removes one, if it is there. */
  delete(connection: T): void {
    const { previous, next } = connection;
    if (previous === undefined && this.#first !== connection) return;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // What is gone must not keep others in memory.
    connection.previous = undefined;
    connection.next = undefined;
    this.#size--;
  }

  /** The oldest first. The one that is being looked at may be removed meanwhile. */
  *[Symbol.iterator](): Generator<T, undefined> {
    let connection = this.#first;
    while (connection !== undefined) {
      const { next } = connection;
      yield connection;
      connection = connection.next ?? next;
    }
    return undefined;
  }
}
