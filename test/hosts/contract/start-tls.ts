/** The contract's tests of connections that go over to TLS. */
import { expect, test } from "vitest";
import { certificates } from "../../support/certificates.ts";
import { until } from "../../support/until.ts";
import { answering, type Bench, failure, pingPong } from "./bench.ts";

export function testStartTls(bench: Bench): void {
  test("a connection goes over to TLS", async () => {
    const { server: identity, ca } = certificates();
    const { client, server } = await bench.pair();
    client.write(Buffer.from("STARTTLS\r\n"));
    await until(() => server.text === "STARTTLS\r\n");
    const secured = bench.startTls(server, { side: "server", ...identity }, answering);
    const own = { side: "client", ca, serverName: "localhost" } as const;
    const above = await bench.startTls(client, own);
    await pingPong(above);
    expect(above.socket.tls?.authorized).toBe(true);
    expect(above.socket.remoteAddress).toEqual(client.socket.remoteAddress);
    above.finish();
    const answerer = await secured;
    await until(() => answerer.ended);
    expect(answerer.text).toBe("ping");
  });

  test("a handshake that fails closes the connection", async () => {
    const { server: identity, other } = certificates();
    const { client, server } = await bench.pair();
    const secured = bench.startTls(server, { side: "server", ...identity });
    secured.catch(() => {});
    const own = { side: "client", ca: other.cert, serverName: "localhost" } as const;
    expect(await failure(bench.startTls(client, own))).toMatch(/CERT|ISSUER|SIGNATURE/);
    await until(() => server.socket.bufferedAmount === 0);
  });

  test("so does one that cannot begin", async () => {
    for (const options of [{ side: "server" }, { side: "client", ca: "none" }] as const) {
      const { client, server } = await bench.pair();
      await expect(bench.startTls(server, options)).rejects.toThrow(/Cannot (be|use)/);
      await until(() => client.ended);
    }
  });
}
