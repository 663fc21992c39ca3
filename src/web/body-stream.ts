/**
 * The two moments that a handler with a streamed body and its connection wait for: the handler is
 * prepared, and the body is complete.
 */

export class BodyStream {
  /** Resolves when the handler is ready for the body. */
  readonly wanted: Promise<void>;
  /** Settles when the body has arrived, or will not. */
  readonly ended: Promise<void>;
  #begin: () => void = () => undefined;
  #end: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor() {
    this.wanted = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // A handler that has answered already does not wait for the rest.
    this.ended.catch(() => undefined);
  }

  begin(): void {
    this.#begin();
  }

  end(): void {
    this.#end();
  }

  fail(error: Error): void {
    this.#fail(error);
  }
}
