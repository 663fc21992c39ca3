/** What has been made of URLs. A program asks few of them again and again, or many once. */

/** Most URLs that are kept. */
const KEPT = 256;
/** A longer URL is not kept: it is seldom asked for twice, and so many of them are megabytes. */
const KEPT_LENGTH = 2048;

export class UrlCache<Value> {
  readonly #kept = new Map<string, Value>();

  get(url: string): Value | undefined {
    return this.#kept.get(url);
  }

  keep(url: string, value: Value): void {
    if (url.length > KEPT_LENGTH) return;
    if (this.#kept.size >= KEPT) this.#kept.clear();
    this.#kept.set(url, value);
  }
}
