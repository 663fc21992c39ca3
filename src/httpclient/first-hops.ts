/**
 * The first requests of fetches that leave everything to the client, ready to be sent. A program asks
 * few URLs again and again, or many once.
 */

import type { DigestSessions } from "./digest.ts";
import { Hop, type HopContext } from "./hop.ts";
import { KEPT_LENGTH } from "./place.ts";
import type { RequestSettings } from "./request.ts";

/** Most requests that are kept. */
const KEPT = 256;

export class FirstHops {
  readonly #context: HopContext;
  readonly #kept = new Map<string, Hop>();

  constructor(settings: RequestSettings, sessions: DigestSessions) {
    this.#context = { settings, sessions };
  }

  /** The request of a URL. Throws for one that cannot be sent. */
  to(url: string): Hop {
    const known = this.#kept.get(url);
    if (known !== undefined) return known;
    const hop = Hop.first(url, this.#context);
    if (hop.isPlain && url.length <= KEPT_LENGTH) {
      if (this.#kept.size >= KEPT) this.#kept.clear();
      this.#kept.set(url, hop);
    }
    return hop;
  }
}
