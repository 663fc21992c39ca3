/** A client that answers no ping, over real sockets: what it is told before it is given up. */

import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Application } from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";
import { describeFrames, handshakeText, parseFrames } from "../support/websocket.ts";

class Listening extends WebSocketHandler {
  override onMessage(): void {}
}

const application = new Application([["/", Listening]], {
  logFunction: () => undefined,
  websocketPingInterval: 0.04,
});
const server = new HTTPServer(application, { loop });

beforeAll(() => server.listen(0, "127.0.0.1"));
afterAll(() => server.stop());

/** All that the server says until it ends the connection, in short. Rejects if it resets it. */
async function heardBy(socket: Socket): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  await new Promise((resolve, reject) => socket.on("end", resolve).on("error", reject));
  const bytes = Buffer.concat(chunks);
  return describeFrames(parseFrames(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4)).frames);
}

test("a client that answers no ping hears why it is closed", async () => {
  const socket = connect(server.addresses[0]?.port ?? 0, "127.0.0.1");
  socket.write(handshakeText());
  expect(await heardBy(socket)).toEqual(['ping ""', "close 1000"]);
  socket.destroy();
});
