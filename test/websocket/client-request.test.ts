/** What the client makes of a request's options, against our own server on the fake host. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HTTPRequest, type HTTPRequestOptions } from "../../src/httpclient.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { Application } from "../../src/web.ts";
import { WebSocketHandler, websocketConnect } from "../../src/websocket.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { Client } from "../support/server.ts";
import { until } from "../support/until.ts";

/** Sends its handshake's fields as the first message. */
class Fields extends WebSocketHandler {
  override getCompressionOptions(): object {
    return {};
  }
  override open(): void {
    this.writeMessage(this.request.headers.toString());
  }
  override onMessage(): void {}
}

let loop: IOLoop;
let server: HTTPServer;

beforeEach(async () => {
  loop = new IOLoop(createFakeHost());
  server = new HTTPServer(new Application([["/", Fields]], { logFunction: () => undefined }), {
    loop,
  });
  await server.listen(0);
});

afterEach(() => server.stop());

function request(options?: HTTPRequestOptions, credentials = ""): HTTPRequest {
  return new HTTPRequest(`ws://${credentials}127.0.0.1:${server.addresses[0]?.port}/`, options);
}

async function fieldsOf(
  asked: HTTPRequest,
  options: Parameters<typeof websocketConnect>[1] = {},
): Promise<string> {
  const connection = await websocketConnect(asked, { ...options, loop });
  const fields = await connection.readMessage();
  connection.close();
  await connection.closed;
  return fields as string;
}

test("a request can be used again, and is as it was", async () => {
  const asked = request();
  asked.headers.set("X-Own", "1");
  const first = await fieldsOf(asked, { compressionOptions: {} });
  expect(first).toContain("Sec-Websocket-Extensions: permessage-deflate");
  const second = await fieldsOf(asked);
  expect(second).not.toContain("Sec-Websocket-Extensions");
  expect(asked.headers.toString()).toBe("X-Own: 1\r\n");
});

test("the client's name is sent, another one, or none", async () => {
  expect(await fieldsOf(request())).toMatch(/^User-Agent: Squall\/\d/m);
  expect(await fieldsOf(request({ userAgent: "Own/1" }))).toContain("User-Agent: Own/1\r\n");
  expect(await fieldsOf(request({ userAgent: "" }))).not.toContain("User-Agent");
});

test("credentials of a URL that are no text in percent signs are sent as they are", async () => {
  const fields = await fieldsOf(request({}, "u%ff:p@"));
  expect(fields).toContain(`Authorization: Basic ${btoa("u%ff:p")}\r\n`);
});

test.each([undefined, 5, new URL("ws://localhost/")])("%s is no request", async (request) => {
  const none = request as unknown as string;
  await expect(websocketConnect(none, { loop })).rejects.toThrow(TypeError);
});

describe("is refused before anything is sent:", () => {
  test.each<[string, HTTPRequestOptions, string]>([
    ["a proxy", { proxyHost: "proxy", proxyPort: 1 }, "through a proxy"],
    [
      "digest",
      { authUsername: "a", authPassword: "b", authMode: "digest" },
      'authMode is "digest"',
    ],
    ["a signal that was aborted", { signal: AbortSignal.abort(new Error("gone")) }, "gone"],
    ["an interface that is not there", { networkInterface: "none0" }, 'interface "none0"'],
    ["a file that is not there", { caCerts: "/none/ca.pem" }, "ENOENT"],
  ])("%s", async (name, options, message) => {
    const asked = request(options);
    const url = name.startsWith("a file") ? asked.url.replace("ws:", "wss:") : asked.url;
    await expect(websocketConnect(new HTTPRequest(url, options), { loop })).rejects.toThrow(
      message,
    );
  });
});

test("a signal gives up who waits for the answer, and its socket", async () => {
  const peer = new Client();
  const listener = await loop.tcp.listen({ port: 0 }, (socket) => {
    peer.socket = socket;
    return peer;
  });
  const controller = new AbortController();
  const { signal } = controller;
  const asked = new HTTPRequest(`ws://127.0.0.1:${listener.address.port}/`, { signal });
  const refused = expect(websocketConnect(asked, { loop })).rejects.toBe("enough");
  await until(() => peer.received.includes("\r\n\r\n"));
  controller.abort("enough");
  await refused;
  await until(() => peer.closed);
  listener.close();
});
