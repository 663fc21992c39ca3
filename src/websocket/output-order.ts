/**
 * Messages of one connection that are still being compressed, and what was written behind them.
 * Made when a message needs time, dropped when all are sent.
 */

export class OutputOrder {
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;
  #bytes = 0;

  /** Bytes of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Runs `send` behind all before it; calls `emptied` when nothing is left behind it. */
  add(bytes: number, send: () => Promise<void>, emptied: () => void): Promise<void> {
    this.#count++;
    this.#bytes += bytes;
    const sent = this.#last.then(send);
    const over = (): void => {
      this.#bytes -= bytes;
      if (--this.#count === 0) emptied();
    };
    this.#last = sent.then(over, over);
    return sent;
  }
}
