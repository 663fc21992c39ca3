/** The contract's tests of files that a socket sends by itself, or says that it cannot. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pass, until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { MIB, noise } from "./flow.ts";

export function testFiles(bench: Bench): void {
  describe("a file", () => {
    const content = noise(8 * MIB, 3);
    let folder = "";
    let file = -1;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "squall-test-"));
      writeFileSync(join(folder, "file"), content);
      file = openSync(join(folder, "file"), "r");
    });
    afterAll(() => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    });

    test("goes out between what was sent before it and after, or not at all", async () => {
      const { client, server } = await bench.pair();
      server.send(Buffer.from("before "));
      const isSent = server.sendFile(file, 1000, 5000);
      server.write(Buffer.from(" after"));
      server.shutdown();
      await until(() => client.ended);
      const sent = isSent ? content.toString("latin1", 1000, 6000) : "";
      expect(client.text).toBe(`before ${sent} after`);
      // Nothing of nothing is sent by every host that sends files.
      expect(server.sendFile(file, 0, 0)).toBe(isSent);
    });

    test("waits for a peer that does not read, and is buffered meanwhile", async () => {
      const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
      if (!server.sendFile(file, 0, content.length)) return;
      server.sendFile(file, 10, 20);
      await pass(20);
      const waiting = server.socket.bufferedAmount;
      expect(waiting).toBeGreaterThan(0);
      expect(waiting).toBeLessThan(content.length + 20);
      client.resume();
      await until(() => server.drains > 0 && client.length === content.length + 20);
      const whole = Buffer.concat([content, content.subarray(10, 30)]);
      expect(Buffer.concat(client.chunks).equals(whole)).toBe(true);
      expect(server.drains).toBe(1);
    });

    test("is sent whole before close", async () => {
      const { client, server } = await bench.pair();
      if (!server.sendFile(file, 0, content.length)) return;
      server.finish();
      await until(() => client.ended);
      expect(client.length).toBe(content.length);
    });

    test.each([10, 4 * MIB])("that ends after %i bytes breaks the connection off", async (size) => {
      const short = openSync(join(folder, `${size}`), "w+");
      ftruncateSync(short, size);
      const { client, server } = await bench.pair();
      if (server.sendFile(short, 0, size + 1)) {
        await until(() => server.closed && client.closed);
        expect(server.error?.message).toMatch(/ENODATA/);
        if (bench.limits.noReset === undefined) expect(client.code).toBe("ECONNRESET");
        expect(client.length).toBeLessThanOrEqual(size);
      }
      closeSync(short);
    });

    test("that waits is dropped by abort", async () => {
      const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
      if (!server.sendFile(file, 0, content.length)) return;
      server.abort();
      expect(server.socket.bufferedAmount).toBe(0);
      expect(server.sendFile(file, 0, 10)).toBe(true);
      client.resume();
      await until(() => client.closed);
      expect(client.length).toBeLessThan(content.length);
    });
  });
}
