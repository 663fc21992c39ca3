/**
 * Ports that nobody uses. Private to `testing`.
 */

import {
  type Listener,
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
} from "../host.ts";
import { IOLoop } from "../ioloop.ts";

const HOST = "127.0.0.1";

function refuse(socket: Socket): SocketHandler {
  socket.abort();
  return NOBODY;
}

/**
 * Listens on a free port of 127.0.0.1, and gives both: for servers that are made of a listener, and
 * to keep the port taken: without `accept` who connects is cut off. Close the listener when the test is over (Tornado `bind_unused_port`).
 */
export async function bindUnusedPort(
  accept: SocketHandlerFactory = refuse,
  loop: IOLoop = IOLoop.current(),
): Promise<{ readonly listener: Listener; readonly port: number }> {
  const listener = await loop.tcp.listen({ host: HOST, port: 0 }, accept);
  return { listener, port: listener.address.port };
}

/**
 * A port of 127.0.0.1 that was free a moment ago, for programs that cannot take port 0. Another one
 * may be faster: where it can be had, `listen(0)` is better.
 */
export async function getUnusedPort(loop: IOLoop = IOLoop.current()): Promise<number> {
  const { listener, port } = await bindUnusedPort(refuse, loop);
  listener.close();
  return port;
}
