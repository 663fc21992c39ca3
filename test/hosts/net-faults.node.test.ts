/** The host over node:net when descriptors run out: in a process of its own, which may have few. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket as Peer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { until } from "../support/until.ts";

const ECHO = join(import.meta.dirname, "programs/echo.ts");
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill();
});

interface Echoing {
  readonly socket: Peer;
  echoed: number;
  closed: boolean;
}

/** A peer that says one thing and counts what comes back. */
function echoing(port: number): Echoing {
  const peer: Echoing = { socket: connect(port, "127.0.0.1"), echoed: 0, closed: false };
  peer.socket.on("error", () => {});
  peer.socket.on("data", () => {
    peer.echoed++;
  });
  peer.socket.on("close", () => {
    peer.closed = true;
  });
  peer.socket.write("hello");
  return peer;
}

test("survives without descriptors, and recovers", async () => {
  const env = { ...process.env, SQUALL_TCP: "net", NODE_OPTIONS: "" };
  const line = 'ulimit -n 48; exec "$0" "$@"';
  const started = spawn("sh", ["-c", line, process.execPath, ECHO], { env });
  child = started;
  const port = await new Promise<number>((resolve) => {
    createInterface({ input: started.stdout }).once("line", (text) => resolve(Number(text)));
  });
  const peers = Array.from({ length: 60 }, () => echoing(port));
  // libuv closes what it cannot keep.
  await until(() => peers.every((peer) => peer.echoed === 1 || peer.closed));
  const served = peers.filter((peer) => peer.echoed === 1);
  expect(served.length).toBeGreaterThan(5);
  expect(served.length).toBeLessThan(48);
  for (const { socket } of served) socket.write("again");
  await until(() => served.every((peer) => peer.echoed === 2));
  for (const { socket } of peers) socket.destroy();
  let late = echoing(port);
  await until(() => {
    if (late.closed) late = echoing(port);
    return late.echoed === 1;
  });
  late.socket.destroy();
  expect(started.exitCode).toBeNull();
});
