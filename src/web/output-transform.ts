/**
 * What an application may do to every response on its way out: see it go by, change it, compress
 * it. `transformed-output.ts` runs them; an application without any has no cost from them.
 */

import type { HTTPHeaders, HTTPServerRequest } from "../httputil.ts";

/** A part of a body that a transform gives; a promise if it needs time. */
export type TransformedChunk = Uint8Array | PromiseLike<Uint8Array>;

/** What a transform makes of a response's head and the first part of its body. */
export interface TransformedStart {
  readonly status: number;
  readonly headers: HTTPHeaders;
  readonly chunk: TransformedChunk;
}

/** Changes one response; extend it and give the class to `addTransform` (Tornado). */
export class OutputTransform {
  readonly request: HTTPServerRequest;

  constructor(request: HTTPServerRequest) {
    this.request = request;
  }

  /**
   * Hook: gets the head, and the first part of the body, which is all of it if `finishing`.
   * Headers may be changed where they are. A Content-Length that is wrong afterwards must go.
   */
  transformFirstChunk(
    status: number,
    headers: HTTPHeaders,
    chunk: Uint8Array,
    _finishing: boolean,
  ): TransformedStart {
    return { status, headers, chunk };
  }

  /** Hook: gets each further part; the last one, which may be empty, is `finishing`. */
  transformChunk(chunk: Uint8Array, _finishing: boolean): TransformedChunk {
    return chunk;
  }
}

/** A transform's class. One is made for each response. */
export type OutputTransformClass = new (request: HTTPServerRequest) => OutputTransform;
