/**
 * A request over again, for who answers it in a handler's place. Called by `handler-response.ts`.
 */

import type { HTTPMessageDelegate, HTTPServerRequest } from "../httputil.ts";

/** Gives a request that is there as a whole to a delegate, at the delegate's pace. */
export async function replay(
  request: HTTPServerRequest,
  delegate: HTTPMessageDelegate,
): Promise<void> {
  const { method, uri, version, headers, body } = request;
  await delegate.headersReceived({ method, path: uri, version }, headers);
  if (body.length > 0) await delegate.dataReceived(body);
  delegate.finish();
}
