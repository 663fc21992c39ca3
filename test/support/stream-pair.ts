/** Two streams on the fake host that are joined, for tests of what they read and write. */
import { expect } from "vitest";
import { IOLoop } from "../../src/ioloop.ts";
import { IOStream, type IOStreamOptions, StreamClosedError } from "../../src/iostream.ts";
import { createFakeHost } from "./fake-host.ts";
import { until } from "./until.ts";

/** Both ends of a connection. */
export interface Pair {
  readonly stream: IOStream;
  readonly peer: IOStream;
}

/** Two streams that are joined. */
export async function pair(
  options: IOStreamOptions = {},
  peerOptions: IOStreamOptions = options,
): Promise<Pair> {
  const loop = new IOLoop(createFakeHost());
  let stream: IOStream | undefined;
  let peer: IOStream | undefined;
  const listener = await loop.tcp.listen({ host: "127.0.0.1" }, (socket) => {
    stream = new IOStream(socket, { loop, ...options });
    return socket.handler;
  });
  const { host, port } = listener.address;
  await loop.tcp.connect({ host, port }, (socket) => {
    peer = new IOStream(socket, { loop, ...peerOptions });
    return socket.handler;
  });
  await until(() => stream !== undefined);
  listener.close();
  return { stream: stream as IOStream, peer: peer as IOStream };
}

/** Bytes as text, a character each. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Why a stream's promise rejects: the cause of the StreamClosedError. */
export async function causeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StreamClosedError);
  return (error as StreamClosedError).cause;
}
