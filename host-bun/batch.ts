/**
 * What all sockets of a `Tcp` share: the core's memory, the output that the running handler makes,
 * and the queue of what is to be heard later. `socket.ts` calls it, and gives bytes to Bun.
 */
import { INPUT_SLACK, type TransferMemory } from "../src/host.ts";

/**
 * Largest write that is copied behind what waits in the output region, so that a head and its body
 * are one system call. Copying this much costs less than a call does.
 */
const GATHER_LIMIT = 16 * 1024;

/** A socket, as far as it is known here. */
export interface Member {
  /** Gives bytes to the kernel; what it does not take is copied if it may change. */
  put(bytes: Uint8Array, start: number, length: number, copy: boolean): void;
  /** Hears what it put off. */
  hearDue(): void;
}

export class Batch {
  /** The core's memory. */
  readonly bytes: Uint8Array;
  readonly inputStart: number;
  /** Most bytes of one call to `data`. */
  readonly inputLength: number;
  readonly #outputStart: number;
  readonly #outputEnd: number;
  /** Where free room starts. */
  #free: number;
  /** Where reserved room ends; 0 when none is. */
  #reservedEnd: number;
  /** What waits for the running handler to return: one run of bytes, for one member. */
  #gatheringFor: Member | undefined;
  #gatherStart: number;
  #gatherEnd: number;
  /** A handler is running. */
  #dispatching = false;
  /** Members that have something to hear outside of Bun's own calls. */
  #due: Member[] = [];

  constructor(memory: TransferMemory) {
    const { input, output } = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.inputStart = input.start;
    this.inputLength = input.length - INPUT_SLACK;
    this.#outputStart = output.start;
    this.#outputEnd = output.start + output.length;
    this.#free = this.#outputStart;
    this.#reservedEnd = 0;
    this.#gatherStart = 0;
    this.#gatherEnd = 0;
  }

  reserve(length: number): number {
    if (length > this.#outputEnd - this.#outputStart) {
      const most = this.#outputEnd - this.#outputStart;
      throw new RangeError(`Cannot reserve ${length} bytes: the output region has ${most}`);
    }
    if (length > this.#outputEnd - this.#free) this.#pass();
    this.#reservedEnd = this.#free + length;
    return this.#free;
  }

  /** Before a handler runs: what it sends is gathered. */
  enter(): void {
    this.#dispatching = true;
  }

  /** After a handler has run: what it sent goes to the kernel. */
  leave(): void {
    this.#dispatching = false;
    this.#reservedEnd = 0;
    this.#pass();
  }

  /** Takes bytes of the output region. */
  gather(member: Member, start: number, length: number): void {
    if (this.#gatheringFor !== member || start !== this.#gatherEnd) {
      const end = this.#free;
      this.#pass();
      // Passing on frees the region, but these bytes still lie in it.
      this.#free = end;
      this.#gatheringFor = member;
      this.#gatherStart = start;
    }
    this.#gatherEnd = start + length;
    if (this.#gatherEnd > this.#free) this.#free = this.#gatherEnd;
    this.#reservedEnd = 0;
    if (!this.#dispatching) this.#pass();
  }

  /**
   * Copies bytes from elsewhere behind what is gathered; false if that would not pay. What is not
   * lent may have to be copied anyway.
   */
  append(member: Member, bytes: Uint8Array, isLent: boolean): boolean {
    const unreserved = this.#reservedEnd <= this.#free;
    const pays = bytes.length <= GATHER_LIMIT || !isLent;
    const fits = pays && bytes.length <= this.#outputEnd - this.#free;
    if (!this.#dispatching || !unreserved || !fits) return false;
    const start = this.#free;
    this.bytes.set(bytes, start);
    this.gather(member, start, bytes.length);
    return true;
  }

  /** Passes on what is gathered for one member, before it sends or ends in another way. */
  passFor(member: Member): void {
    if (this.#gatheringFor === member) this.#pass();
  }

  /** Lets a member hear something once all calls that run now have returned. */
  later(member: Member): void {
    if (this.#due.push(member) === 1) queueMicrotask(this.#runDue);
  }

  readonly #runDue = (): void => {
    const due = this.#due;
    this.#due = [];
    let next = 0;
    try {
      while (next < due.length) due[next++]?.hearDue();
    } finally {
      // What one handler throws must not cost the others what they have to hear.
      for (const member of due.slice(next)) this.later(member);
    }
  };

  #pass(): void {
    const member = this.#gatheringFor;
    this.#free = this.#outputStart;
    if (member === undefined) return;
    this.#gatheringFor = undefined;
    member.put(this.bytes, this.#gatherStart, this.#gatherEnd - this.#gatherStart, true);
  }
}
