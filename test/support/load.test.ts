/** That the load of the tests notices what it is there to notice. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Load } from "./load.ts";
import { until } from "./until.ts";

let server: Server;
afterEach(() => server.close());

/** A server that does with each connection what it is told; resolves with its port. */
function serve(connected: (socket: Socket) => void): Promise<number> {
  server = createServer(connected);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

test("an answer that never comes is a failure", async () => {
  const port = await serve((socket) => socket.resume());
  const load = new Load({ port, clients: 2, patience: 0.05 });
  await until(() => load.outcome.failed.length >= 2);
  const { failed, answered } = await load.stop();
  expect(failed[0]).toContain("nothing within 50 ms");
  expect(answered).toBe(0);
});

test("so is one that never ends, on a kept connection", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  const port = await serve((socket) => {
    let count = 0;
    socket.on("data", () => socket.write(`${answer}${count++ === 0 ? "ok" : "o"}`));
  });
  const load = new Load({ port, clients: 1, patience: 0.2 });
  await until(() => load.outcome.failed.length >= 1);
  const { failed } = await load.stop();
  expect(failed[0]).toMatch(/^1: .*nothing within 200 ms/);
});
