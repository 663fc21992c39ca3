/** The contract's tests of Unix sockets: as places to connect to, and as files. */
import { lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { answering, type Bench, exchange, failure } from "./bench.ts";

export function testUnixSockets(bench: Bench): void {
  describe("Unix socket", () => {
    const folder = mkdtempSync(join(tmpdir(), "squall-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    testConnections(bench, folder);
    if (!bench.options.inMemory) testFiles(bench, folder);
  });
}

function testConnections(bench: Bench, folder: string): void {
  test("addresses and bytes", async () => {
    const path = join(folder, "plain.sock");
    const { listener, accepted } = await bench.listen({ path }, answering);
    expect(listener.address).toEqual({ host: "", port: 0, path });
    await exchange(bench, listener.address);
    const client = await bench.connect({ path });
    await until(() => accepted.length === 2);
    expect(client.socket.remoteAddress).toEqual({ host: "", port: 0, path });
    expect(accepted[1]?.socket.remoteAddress).toEqual({ host: "", port: 0, path: "" });
    client.socket.setNoDelay(true);
  });

  test("half-close and reset", async () => {
    const path = join(folder, "ends.sock");
    const { accepted } = await bench.listen({ path });
    const client = await bench.connect({ path });
    await until(() => accepted.length === 1);
    client.write(Buffer.from("all"));
    client.shutdown();
    await until(() => accepted[0]?.ended === true);
    accepted[0]?.send(Buffer.from("heard"));
    accepted[0]?.finish();
    await until(() => client.closed);
    expect([accepted[0]?.text, client.text, client.error]).toEqual(["all", "heard", undefined]);
    const second = await bench.connect({ path });
    second.abort();
    await until(() => accepted[1]?.ended === true || accepted[1]?.closed === true);
  });

  test("a path where nothing is, ENOENT", async () => {
    expect(await failure(bench.connect({ path: join(folder, "nothing.sock") }))).toBe("ENOENT");
  });
}

function testFiles(bench: Bench, folder: string): void {
  test("mode, and removal on close", async () => {
    const path = join(folder, "mode.sock");
    const { listener } = await bench.listen({ path });
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    listener.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
    const open = await bench.listen({ path, mode: 0o666 });
    expect(lstatSync(path).mode & 0o777).toBe(0o666);
    listener.close();
    expect(lstatSync(path).isSocket()).toBe(true);
    open.listener.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("a stale file refuses, and is replaced", async () => {
    const path = join(folder, "stale.sock");
    const moved = createServer();
    await new Promise<void>((done) => moved.listen(join(folder, "moved.sock"), done));
    renameSync(join(folder, "moved.sock"), path);
    await new Promise((done) => moved.close(done));
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(await failure(bench.connect({ path }))).toBe("ECONNREFUSED");
    const { listener } = await bench.listen({ path }, answering);
    await exchange(bench, listener.address);
  });

  test("a file whose socket somebody listens on stays", async () => {
    const path = join(folder, "live.sock");
    await bench.listen({ path }, answering);
    expect(await failure(bench.listen({ path }))).toBe("EADDRINUSE");
    await exchange(bench, { host: "", port: 0, path });
  });

  test("a file that is no socket stays", async () => {
    const path = join(folder, "precious.txt");
    writeFileSync(path, "keep me");
    expect(await failure(bench.listen({ path }))).toBe("EADDRINUSE");
    expect(lstatSync(path).size).toBe(7);
  });

  test("a folder that is not there, ENOENT", async () => {
    expect(await failure(bench.listen({ path: join(folder, "no/such.sock") }))).toBe("ENOENT");
  });
}
