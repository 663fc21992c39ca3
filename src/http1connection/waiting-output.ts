/**
 * Output of one connection that waits for the peer: who awaits that it is out, and since when the
 * peer has taken none of it. Between the received bytes and `server-connection.ts`; what is sent, and
 * by whom, it does not know.
 */

import { BufferedInput } from "./buffered-input.ts";
import { Backlog } from "./deadlines.ts";
import type { ConnectionLimits } from "./limits.ts";

export abstract class WaitingOutput extends BufferedInput {
  #backlog: Backlog | undefined = undefined;

  /** Resolves when what is buffered has gone out, or the socket is closed. */
  drained(): Promise<void> {
    this.#backlog ??= new Backlog();
    return this.#backlog.over();
  }

  /** Nothing waits for the peer any more. */
  protected endBacklog(): void {
    this.#backlog?.end();
    this.#backlog = undefined;
  }

  /** Whether the peer has taken nothing for too long of the response that was written last. */
  protected outputStalled(
    limits: ConnectionLimits,
    now: number,
    response: { readonly sentLength: number } | undefined,
  ): boolean {
    const { bufferedAmount } = this.socket;
    if (bufferedAmount === 0) return false;
    this.#backlog ??= new Backlog();
    const taken = (response?.sentLength ?? 0) - bufferedAmount;
    return this.#backlog.isStalled(limits, now, taken, response);
  }
}
