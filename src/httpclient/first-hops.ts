/**
 * The first requests of fetches that leave everything to the client, ready to be sent.
 */

import type { DigestSessions } from "./digest.ts";
import { Hop, type HopContext } from "./hop.ts";
import type { RequestSettings } from "./request.ts";
import { UrlCache } from "./url-cache.ts";

export class FirstHops {
  readonly #context: HopContext;
  readonly #kept = new UrlCache<Hop>();

  constructor(settings: RequestSettings, sessions: DigestSessions) {
    this.#context = { settings, sessions };
  }

  /** The request of a URL. Throws for one that cannot be sent. */
  to(url: string): Hop {
    const known = this.#kept.get(url);
    if (known !== undefined) return known;
    const hop = Hop.first(url, this.#context);
    if (hop.isPlain) this.#kept.keep(url, hop);
    return hop;
  }
}
