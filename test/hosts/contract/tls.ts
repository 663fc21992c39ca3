/** The contract's tests of TLS: handshakes that succeed and fail, what they settle, and startTls. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Address, TlsClientOptions, TlsServerOptions } from "../../../src/host.ts";
import { certificates, type Identity, noCertificates } from "../../support/certificates.ts";
import { until } from "../../support/until.ts";
import {
  answering,
  type Bench,
  failure,
  NO_TLS_HALF_CLOSE,
  pingPong,
  type Station,
} from "./bench.ts";
import { MIB, noise } from "./flow.ts";
import type { Probe } from "./probe.ts";
import { Relay } from "./relay.ts";
import { testStartTls } from "./start-tls.ts";
import { testUnless } from "./unless.ts";

export function testTls(bench: Bench): void {
  const title = noCertificates === undefined ? "TLS" : `TLS (${noCertificates})`;
  describe.skipIf(noCertificates !== undefined)(title, () => {
    testHandshakes(bench);
    testRefusals(bench);
    testStartTls(bench);
  });
}

/** A listener with the certificate for localhost, and the errors of handshakes on it. */
async function serve(
  bench: Bench,
  more: TlsServerOptions = {},
): Promise<Station & { failures: Error[] }> {
  const failures: Error[] = [];
  const handshakeFailed = (error: Error): void => {
    failures.push(error);
  };
  const tls = { ...certificates().server, handshakeFailed, ...more };
  return { ...(await bench.listen({ tls }, answering)), failures };
}

function dial(bench: Bench, address: Address, more: TlsClientOptions = {}): Promise<Probe> {
  const tls = { ca: certificates().ca, serverName: "localhost", ...more };
  return bench.connect({ ...address, tls });
}

function testHandshakes(bench: Bench): void {
  test("an exchange, and what both ends know", async () => {
    const { listener, accepted } = await serve(bench, { alpnProtocols: ["h2", "http/1.1"] });
    const client = await dial(bench, listener.address, { alpnProtocols: ["http/1.1"] });
    await pingPong(client);
    const server = accepted[0] as Probe;
    expect(client.socket.tls).toMatchObject({
      protocol: "TLSv1.3",
      alpnProtocol: "http/1.1",
      serverName: "localhost",
      authorized: true,
    });
    expect(client.socket.tls?.cipher).toMatch(/AES|CHACHA/);
    expect(client.socket.tls?.peerCertificate).toMatchObject({
      subject: { CN: "localhost" },
      issuer: { CN: "root" },
    });
    expect(client.socket.tls?.peerCertificate?.subjectAltName).toContain("DNS:localhost");
    expect(server.socket.tls).toMatchObject({
      alpnProtocol: "http/1.1",
      serverName: "localhost",
      authorized: false,
      peerCertificate: undefined,
    });
    expect(server.socket.localAddress).toEqual(listener.address);
    expect(client.socket.remoteAddress).toEqual(listener.address);
    client.finish();
    await until(() => server.ended);
    server.finish();
    await until(() => client.closed && server.closed);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test("without ALPN, without TLS, by address", async () => {
    const { listener } = await serve(bench);
    const client = await dial(bench, listener.address, { serverName: "127.0.0.1" });
    await pingPong(client);
    expect(client.socket.tls?.alpnProtocol).toBe("");
    const { client: plain } = await bench.pair();
    expect(plain.socket.tls).toBeUndefined();
  });

  test("the host connected to is the name that is verified", async () => {
    const { listener } = await serve(bench);
    const tls = { ca: certificates().ca };
    await pingPong(await bench.connect({ ...listener.address, host: "localhost", tls }));
    await pingPong(await bench.connect({ ...listener.address, tls }));
  });

  test("4 MiB each way", async () => {
    const { listener, accepted } = await serve(bench);
    const client = await dial(bench, listener.address);
    await until(() => accepted.length === 1);
    const server = accepted[0] as Probe;
    server.script = { data: (bytes) => server.send(bytes) };
    const bytes = noise(4 * MIB);
    client.write(bytes);
    await until(() => client.length === bytes.length);
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
  });

  test("what was written before the close arrives, though TLS itself is not read any more", async () => {
    const { listener, accepted } = await serve(bench);
    const client = await dial(bench, listener.address);
    client.write(noise(4 * MIB));
    client.finish();
    await until(() => accepted[0]?.closed === true || accepted[0]?.ended === true);
    expect(accepted[0]?.length).toBe(4 * MIB);
    expect(accepted[0]?.error).toBeUndefined();
    accepted[0]?.finish();
    await until(() => client.closed);
  });

  testUnless(NO_TLS_HALF_CLOSE, "half-close by the client: the server answers", async () => {
    const answer = noise(MIB);
    const { listener, accepted } = await serve(bench);
    const client = await dial(bench, listener.address);
    await until(() => accepted.length === 1);
    const server = accepted[0] as Probe;
    server.script = {
      end: () => {
        server.write(answer);
        server.shutdown();
      },
    };
    client.write(Buffer.from("question"));
    client.shutdown();
    await until(() => client.closed && server.closed);
    expect(server.text).toBe("question");
    expect(Buffer.concat(client.chunks).equals(answer)).toBe(true);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test("clients show certificates when they are asked to", async () => {
    const { ca, client: identity } = certificates();
    const { listener, accepted, failures } = await serve(bench, { ca, requestCert: true });
    const client = await dial(bench, listener.address, identity);
    await pingPong(client);
    expect(accepted[0]?.socket.tls).toMatchObject({
      authorized: true,
      peerCertificate: { subject: { CN: "client" } },
    });
    expect(failures).toEqual([]);
  });

  test("certificates that are asked for, but not required", async () => {
    const { ca, rogue } = certificates();
    const lax = { ca, requestCert: true, rejectUnauthorized: false };
    const { listener, accepted } = await serve(bench, lax);
    await pingPong(await dial(bench, listener.address));
    await pingPong(await dial(bench, listener.address, rogue));
    expect(accepted.map((probe) => probe.socket.tls?.authorized)).toEqual([false, false]);
    expect(accepted[0]?.socket.tls?.peerCertificate).toBeUndefined();
    expect(accepted[1]?.socket.tls?.peerCertificate?.subject).toEqual({ CN: "rogue" });
  });

  test("the certificate for the name that a client asks for", async () => {
    const { other, renewed } = certificates();
    const servers = { "other.test": other, "*.other.test": renewed };
    const { listener, accepted } = await serve(bench, { servers });
    const subjects = [];
    for (const serverName of ["localhost", "other.test", "127.0.0.1"]) {
      const client = await dial(bench, listener.address, { serverName });
      await pingPong(client);
      subjects.push(client.socket.tls?.peerCertificate?.subject.CN);
    }
    expect(subjects).toEqual(["localhost", "other.test", "localhost"]);
    const lax = { serverName: "www.other.test", rejectUnauthorized: false };
    const wild = await dial(bench, listener.address, lax);
    expect(wild.socket.tls?.peerCertificate?.fingerprint256).not.toBe(
      (await dial(bench, listener.address)).socket.tls?.peerCertificate?.fingerprint256,
    );
    await until(() => accepted.length === 5);
    expect(accepted[1]?.socket.tls?.serverName).toBe("other.test");
    const unfit = { "a.test": { cert: other.cert, key: renewed.key } };
    await expect(serve(bench, { servers: unfit })).rejects.toThrow("does not belong");
  });

  test("output that a reset has dropped does not count as sent", async () => {
    const { listener, accepted } = await serve(bench);
    const client = await dial(bench, listener.address);
    client.script.data = () => client.pause();
    await until(() => accepted.length === 1);
    const server = accepted[0] as Probe;
    server.write(Buffer.alloc(32 * MIB));
    let waiting = 0;
    await until(() => {
      const before = waiting;
      waiting = server.socket.bufferedAmount;
      return client.paused && waiting > 0 && waiting === before;
    });
    client.abort();
    await until(() => server.closed);
    expect([server.drains, server.ended]).toEqual([0, false]);
    expect(server.error).toBeDefined();
  });

  test("a renewed certificate is for connections to come", async () => {
    const { server: first, renewed } = certificates();
    const { listener } = await serve(bench);
    const before = await dial(bench, listener.address);
    expect(() => listener.setTls({ cert: first.cert, key: renewed.key })).toThrow();
    expect(() => listener.setTls({ cert: "no certificate", key: renewed.key })).toThrow();
    listener.setTls(renewed);
    const after = await dial(bench, listener.address);
    await pingPong(before);
    await pingPong(after);
    const prints = [before, after].map((p) => p.socket.tls?.peerCertificate?.fingerprint256);
    expect(new Set(prints).size).toBe(2);
    const plain = await bench.listen();
    expect(() => plain.listener.setTls(renewed)).toThrow("opened without it");
  });
}

function testRefusals(bench: Bench): void {
  test.each([
    { name: "an unknown authority", tls: () => ({ ca: certificates().other.cert }) },
    { name: "another name", tls: () => ({ serverName: "elsewhere.test" }) },
    { name: "another address", tls: () => ({ serverName: "127.0.0.9" }) },
  ])("a client refuses $name", async ({ tls }) => {
    const { listener } = await serve(bench);
    const code = await failure(dial(bench, listener.address, tls()));
    expect(code).toMatch(/CERT|ISSUER|ALTNAME|SIGNATURE/);
    const lax = await dial(bench, listener.address, { ...tls(), rejectUnauthorized: false });
    await pingPong(lax);
    expect(lax.socket.tls?.authorized).toBe(false);
  });

  test.each(["none", "rogue"] as const)(
    "a server refuses a client's certificate: %s",
    async (which) => {
      const { ca, rogue } = certificates();
      const { listener, accepted, failures } = await serve(bench, { ca, requestCert: true });
      // TLS 1.3: the client is done before the server has seen its certificate.
      const client = dial(bench, listener.address, which === "rogue" ? rogue : {});
      client.catch(() => {});
      await until(() => failures.length === 1);
      expect(accepted).toEqual([]);
    },
  );

  test("who agrees on no protocol is refused", async () => {
    const { listener, failures } = await serve(bench, { alpnProtocols: ["h2"] });
    const client = dial(bench, listener.address, { alpnProtocols: ["http/1.1"] });
    await expect(client).rejects.toThrow();
    await until(() => failures.length === 1);
  });

  test("what is not TLS fails its own handshake alone", async () => {
    const { listener, accepted, failures } = await serve(bench);
    const plain = await bench.connect(listener.address);
    plain.write(Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await until(() => failures.length === 1 && (plain.ended || plain.closed));
    const gone = await bench.connect(listener.address);
    gone.abort();
    await until(() => failures.length === 2);
    await pingPong(await dial(bench, listener.address));
    expect(accepted).toHaveLength(1);
  });

  test("a handshake that takes too long", async () => {
    const { listener, failures } = await serve(bench, { handshakeTimeout: 0.05 });
    const silent = await bench.connect(listener.address);
    await until(() => failures.length === 1 && (silent.ended || silent.closed));
    expect((failures[0] as NodeJS.ErrnoException).code).toBe("ETIMEDOUT");
    const deaf = await bench.listen();
    const client = dial(bench, deaf.listener.address, { handshakeTimeout: 0.05 });
    expect(await failure(client)).toBe("ETIMEDOUT");
    await until(() => deaf.accepted[0]?.ended === true || deaf.accepted[0]?.closed === true);
  });

  test("a handshake that may take as long as it likes", async () => {
    const { listener } = await serve(bench, { handshakeTimeout: 0 });
    await pingPong(await dial(bench, listener.address, { handshakeTimeout: 0 }));
  });

  test.each([
    { name: "nothing", said: [] },
    { name: "half a message", said: [22, 3, 1, 2, 0, 1, 0] },
  ])("a peer that says $name, and ends, does not hold its handshake", async ({ said }) => {
    const { server: identity, other } = certificates();
    const servers = { "other.test": other };
    for (const tls of [identity, { ...identity, servers }]) {
      const { listener, failures } = await serve(bench, { ...tls, handshakeTimeout: 0 });
      const peer = await bench.connect(listener.address);
      peer.write(Buffer.from(said));
      peer.shutdown();
      await until(() => failures.length === 1 && peer.closed);
      expect((failures[0] as NodeJS.ErrnoException).code).toBe("ECONNRESET");
    }
  });

  test("a handshake whose last bytes come with the peer's end is finished", async () => {
    const { listener, accepted } = await serve(bench);
    const relay = new Relay();
    const client = await dial(bench, await relay.open(bench, listener.address));
    const before = relay.held?.length ?? 0;
    client.write(Buffer.from("ping"));
    await until(() => (relay.held?.length ?? 0) > before);
    expect(accepted).toEqual([]);
    relay.finish();
    await until(() => accepted[0]?.text === "ping" && accepted[0].ended);
  });

  test("a handshake that is given up", async () => {
    const deaf = await bench.listen();
    const control = new AbortController();
    const { signal } = control;
    // Longer than timers can be: it must not be over at once.
    const client = dial(bench, deaf.listener.address, { signal, handshakeTimeout: 1e9 });
    await until(() => deaf.accepted[0]?.text !== undefined && deaf.accepted[0].text !== "");
    for (let turns = 0; turns < 3; turns++) await setTimeout(2);
    control.abort(Object.assign(new Error("enough"), { code: "GIVEN_UP" }));
    expect(await failure(client)).toBe("GIVEN_UP");
    await until(() => deaf.accepted[0]?.ended === true || deaf.accepted[0]?.closed === true);
    expect(await failure(dial(bench, deaf.listener.address, { signal }))).toBe("GIVEN_UP");
  });

  test("a server that is gone, and one that speaks no TLS", async () => {
    const { listener } = await bench.listen({}, { open: (probe) => probe.finish() });
    expect(await failure(dial(bench, listener.address))).toBe("ECONNRESET");
    listener.close();
    expect(await failure(dial(bench, listener.address))).toBe("ECONNREFUSED");
    const plain = await bench.listen(
      {},
      {
        data: (_, probe) => probe.write(Buffer.from("This is no TLS, whatever it was")),
      },
    );
    await expect(dial(bench, plain.listener.address)).rejects.toThrow();
  });

  test("a certificate that does not fit its key is refused at once", async () => {
    const { server, client } = certificates();
    const tls = { cert: server.cert, key: client.key };
    await expect(bench.listen({ tls })).rejects.toThrow("does not belong to the key");
  });

  test.each([
    { name: "no certificate", tls: () => ({}), says: /there is no cert/ },
    { name: "one without a key", tls: ({ cert }: Identity) => ({ cert }), says: /belong together/ },
    { name: "a key alone", tls: ({ key }: Identity) => ({ key }), says: /there is no cert/ },
    {
      name: "something else for a certificate",
      tls: ({ key }: Identity) => ({ cert: "a", key }),
      says: /cert for TLS: it cannot be read as PEM/,
    },
    {
      name: "something else for a key",
      tls: ({ cert }: Identity) => ({ cert, key: "a" }),
      says: /key for TLS: it cannot be read as PEM/,
    },
    {
      name: "something else to trust",
      tls: (identity: Identity) => ({ ...identity, ca: ["a"] }),
      says: /ca for TLS: it holds no certificate/,
    },
    {
      name: "a time that is none",
      tls: (identity: Identity) => ({ ...identity, handshakeTimeout: Number.NaN }),
      says: /Cannot set handshakeTimeout: NaN/,
    },
  ])("$name is refused at once", async ({ tls, says }) => {
    await expect(bench.listen({ tls: tls(certificates().server) })).rejects.toThrow(says);
  });
}
