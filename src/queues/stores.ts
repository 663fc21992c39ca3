/**
 * What a queue keeps its items in, in the order in which they come out. Private to `queues`.
 */

/** Where items wait. */
export interface Store<Item> {
  readonly size: number;
  /** Only called if the queue has room, or will have it at once: for one item more. */
  put(item: Item): void;
  /** The next item. Only called if there is one. */
  take(): Item;
}

/** First in, first out: a ring that doubles when it is full. */
export class Ring<Item> implements Store<Item> {
  size = 0;
  #items: (Item | undefined)[] = new Array(8);
  #first = 0;

  put(item: Item): void {
    if (this.size === this.#items.length) this.#grow();
    this.#items[(this.#first + this.size) & (this.#items.length - 1)] = item;
    this.size++;
  }

  take(): Item {
    const item = this.#items[this.#first] as Item;
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.size--;
    return item;
  }

  #grow(): void {
    const items = this.#items;
    this.#items = items.slice(this.#first).concat(items.slice(0, this.#first));
    this.#items.length = items.length * 2;
    this.#first = 0;
  }
}

/** Last in, first out. */
export class Stack<Item> implements Store<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  put(item: Item): void {
    this.#items.push(item);
  }

  take(): Item {
    return this.#items.pop() as Item;
  }
}

/** Below 0 if the first of two items comes out first, above 0 if the second does. */
export type Compare<Item> = (left: Item, right: Item) => number;

interface Entry<Item> {
  readonly item: Item;
  readonly serial: number;
}

/** Least first; of equals the one that came first: a binary heap. */
export class Heap<Item> implements Store<Item> {
  readonly #entries: Entry<Item>[] = [];
  readonly #compare: Compare<Item>;
  #serial = 0;

  constructor(compare: Compare<Item>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  put(item: Item): void {
    const entries = this.#entries;
    const entry = { item, serial: this.#serial++ };
    // Finds the place before anything moves: an item without order leaves the heap as it was.
    let at = entries.length;
    while (at > 0 && this.#isBefore(entry, entries[(at - 1) >> 1] as Entry<Item>)) {
      at = (at - 1) >> 1;
    }
    for (let from = entries.length; from > at; from = (from - 1) >> 1) {
      entries[from] = entries[(from - 1) >> 1] as Entry<Item>;
    }
    entries[at] = entry;
  }

  take(): Item {
    const entries = this.#entries;
    const first = entries[0] as Entry<Item>;
    const last = entries[entries.length - 1] as Entry<Item>;
    // As with `put`: items without an order among themselves leave the heap as it was.
    const path = this.#pathDown(last, entries.length - 1);
    entries.pop();
    let at = 0;
    for (const child of path) {
      entries[at] = entries[child] as Entry<Item>;
      at = child;
    }
    if (entries.length > 0) entries[at] = last;
    return first.item;
  }

  /** The places, from the top down, whose entries come before this one, among the first `size`. */
  #pathDown(entry: Entry<Item>, size: number): number[] {
    const entries = this.#entries;
    const path: number[] = [];
    for (let below = 1; below < size; ) {
      const left = entries[below] as Entry<Item>;
      const right = below + 1 < size ? entries[below + 1] : undefined;
      const isRight = right !== undefined && this.#isBefore(right, left);
      if (!this.#isBefore(isRight ? right : left, entry)) break;
      const at = isRight ? below + 1 : below;
      path.push(at);
      below = at * 2 + 1;
    }
    return path;
  }

  #isBefore(left: Entry<Item>, right: Entry<Item>): boolean {
    const order = this.#compare(left.item, right.item);
    return order < 0 || (order === 0 && left.serial < right.serial);
  }
}

/**
 * Orders numbers, texts, dates and the like, and arrays by their first elements that differ, as
 * Python orders tuples. Throws a TypeError for what has no order.
 */
export function naturalOrder(left: unknown, right: unknown): number {
  if (Array.isArray(left) && Array.isArray(right)) return orderOfArrays(left, right);
  const [a, b] = [comparable(left), comparable(right)];
  if (typeof a !== typeof b) throw withoutOrder(`${typeof a} and ${typeof b}`);
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function orderOfArrays(left: readonly unknown[], right: readonly unknown[]): number {
  for (let at = 0; at < left.length && at < right.length; at++) {
    // What is the same need not have an order: the data behind a priority, mostly.
    const order = left[at] === right[at] ? 0 : naturalOrder(left[at], right[at]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function comparable(value: unknown): number | string | bigint {
  if (value instanceof Date) return value.getTime();
  if (typeof value === "number" || typeof value === "string" || typeof value === "bigint") {
    return value;
  }
  throw withoutOrder(value === null ? "null" : typeof value);
}

function withoutOrder(what: string): TypeError {
  return new TypeError(`Cannot compare ${what}: give PriorityQueue a function that does`);
}
