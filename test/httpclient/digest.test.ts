/** Digest authentication: the examples of the RFCs, and fetches of a server that asks for it. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/httpclient/challenges.ts";
import { DigestSession } from "../../src/httpclient/digest.ts";
import { type FetchOptions, HTTPClientError } from "../../src/httpclient.ts";
import { always, type Peer, scripted } from "../support/scripted-server.ts";

/** A field's parameters, quotes removed. */
function parametersOf(value: string): Map<string, string> {
  return new Map(parseChallenges([value])[0]?.parameters);
}

describe("the examples", () => {
  const rfc7616 =
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=ALGORITHM, ' +
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  const rows = [
    {
      name: "RFC 7616, MD5",
      challenge: rfc7616.replace("ALGORITHM", "MD5"),
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
      response: "8ca523f5e9506fed4657c9700eebdbec",
      username: "Mufasa",
      password: "Circle of Life",
    },
    {
      name: "RFC 7616, SHA-256",
      challenge: rfc7616.replace("ALGORITHM", "SHA-256"),
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
      response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
      username: "Mufasa",
      password: "Circle of Life",
    },
    {
      name: "RFC 2617",
      challenge:
        'Digest realm="testrealm@host.com", qop="auth,auth-int", ' +
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      cnonce: "0a4f113b",
      response: "6629fae49393a05397450978507c4ef1",
      username: "Mufasa",
      password: "Circle Of Life",
    },
  ];
  test.each(rows)("$name", ({ challenge, cnonce, response, username, password }) => {
    const [parsed] = parseChallenges([challenge]);
    const session = new DigestSession(parsed ?? expect.unreachable(), cnonce);
    const request = { method: "GET", target: "/dir/index.html", username, password, body: "" };
    const value = session.authorize(request);
    expect(parametersOf(value).get("response")).toBe(response);
    expect(parametersOf(value).get("nc")).toBe("00000001");
    expect(parametersOf(session.authorize(request)).get("nc")).toBe("00000002");
  });

  test("several challenges in one field", () => {
    const [basic, digest, ...more] = parseChallenges([
      'Basic realm="a, \\"b\\"" , Digest realm=c, nonce="d"',
      "Negotiate abc==, Bearer",
    ]);
    expect(basic).toEqual({ scheme: "basic", parameters: new Map([["realm", 'a, "b"']]) });
    expect(digest?.scheme).toBe("digest");
    expect(digest?.parameters.get("nonce")).toBe("d");
    expect(more.map(({ scheme }) => scheme)).toContain("bearer");
  });
});

describe("a server that asks for it", () => {
  const options: FetchOptions = {
    authUsername: "jürgen",
    authPassword: "pass:word",
    authMode: "digest",
  };

  function md5(text: string): string {
    return createHash("md5").update(text).digest("hex");
  }

  /** What is wrong with a request's credentials, or undefined. */
  function fault(head: string, nonce: string): string | undefined {
    const value = /^Authorization: (Digest .*)$/m.exec(head)?.[1]?.replace("\r", "");
    if (value === undefined) return "none";
    const fields = parametersOf(value);
    const [method, target] = head.split(" ");
    const part = (name: string): string => fields.get(name) ?? "";
    if (part("nonce") !== nonce) return "nonce";
    if (part("uri") !== target) return "uri";
    if (part("username*") !== "UTF-8''j%C3%BCrgen") return "username";
    const a1 = md5("jürgen:here:pass:word");
    const uses = `${nonce}:${part("nc")}:${part("cnonce")}:auth`;
    return part("response") === md5(`${a1}:${uses}:${md5(`${method}:${target}`)}`)
      ? undefined
      : "response";
  }

  const refuse = (peer: Peer, nonce: string, more = ""): void =>
    peer.answer("401 Unauthorized", {
      "WWW-Authenticate": `Basic realm="here", Digest realm="here", qop="auth", nonce="${nonce}"${more}`,
    });

  test("is asked twice once, and then knows", async () => {
    const faults: (string | undefined)[] = [];
    const counts: (string | undefined)[] = [];
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        const wrong = fault(head, "n1");
        faults.push(wrong);
        counts.push(/nc=(\w+)/.exec(head)?.[1]);
        if (wrong === undefined) peer.answer("200 OK");
        else refuse(peer, "n1");
      }),
    );
    expect((await client.fetch(`${url}/a?b`, options)).code).toBe(200);
    expect((await client.fetch(`${url}/c`, options)).code).toBe(200);
    expect(faults).toEqual(["none", undefined, undefined]);
    expect(counts).toEqual([undefined, "00000001", "00000002"]);
    expect(peers).toHaveLength(1);
    client.close();
  });

  test("may have a new nonce", async () => {
    const nonces = ["n1", "n1", "n2"];
    const faults: (string | undefined)[] = [];
    const { client, url } = await scripted(
      always((peer, head) => {
        const nonce = nonces[faults.length] ?? "n2";
        faults.push(fault(head, nonce));
        // The second request's nonce is right, but has run out.
        if (faults.length === 1) refuse(peer, "n1");
        else if (faults.length === 2) refuse(peer, "n2", ", stale=true");
        else peer.answer("200 OK");
      }),
    );
    expect((await client.fetch(url, options)).code).toBe(200);
    expect(faults).toEqual(["none", undefined, undefined]);
    client.close();
  });

  test.each([
    { name: "refuses the password", more: "", asked: 2 },
    { name: "never has enough", more: ", stale=true", asked: 3 },
    { name: "knows other algorithms only", more: ", algorithm=SHA-1", asked: 1 },
  ])("that $name gets no more", async ({ more, asked }) => {
    let requests = 0;
    const { client, url } = await scripted(
      always((peer) => {
        requests++;
        refuse(peer, "n", more);
      }),
    );
    const error = await client.fetch(url, options).catch((reason) => reason);
    expect(error).toBeInstanceOf(HTTPClientError);
    expect(error.code).toBe(401);
    expect(requests).toBe(asked);
    client.close();
  });

  test("has parts that ask for themselves", async () => {
    const asked: string[] = [];
    const { client, url } = await scripted(
      always((peer, head) => {
        const realm = /^GET \/(\w)/.exec(head)?.[1];
        const given = /realm="(\w)"/.exec(head)?.[1];
        asked.push(`${realm} ${given}`);
        if (given === realm) peer.answer("200 OK");
        else peer.answer("401 X", { "WWW-Authenticate": `Digest realm="${realm}", nonce="n"` });
      }),
    );
    for (const path of ["a", "b", "b", "a"]) {
      expect((await client.fetch(`${url}/${path}`, options)).code).toBe(200);
    }
    expect(asked).toEqual(["a undefined", "a a", "b a", "b b", "b b", "a b", "a a"]);
    client.close();
  });

  test.each([
    { algorithm: "SHA-512-256", qop: "auth-int", hash: "sha512-256" },
    { algorithm: "SHA-256-sess", qop: "auth-int", hash: "sha256" },
    { algorithm: "md5-sess", qop: "auth", hash: "md5" },
  ])("by $algorithm, with qop=$qop", async ({ algorithm, qop, hash }) => {
    const h = (text: string): string => createHash(hash).update(text).digest("hex");
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.until(() => peer.received.endsWith("body"));
      peer.answer("401 X", {
        "WWW-Authenticate": `Digest realm="r", nonce="n", algorithm=${algorithm}, qop="${qop}"`,
      });
      await peer.until(() => /Digest[\s\S]*body$/.test(peer.received));
      peer.answer("200 OK");
    });
    await client.fetch(`${url}/a`, { ...options, authUsername: "u", method: "PUT", body: "body" });
    const value = /Authorization: (.*)\r/.exec(peers[0]?.received ?? "")?.[1] ?? "";
    const fields = parametersOf(value);
    const cnonce = fields.get("cnonce");
    const secret = h("u:r:pass:word");
    const a1 = /sess/.test(algorithm) ? h(`${secret}:n:${cnonce}`) : secret;
    const a2 = h(qop === "auth" ? "PUT:/a" : `PUT:/a:${h("body")}`);
    expect(fields.get("response")).toBe(h(`${a1}:n:00000001:${cnonce}:${qop}:${a2}`));
    expect(fields.get("qop")).toBe(qop);
    client.close();
  });

  test("that wants the body covered gets none that streams", async () => {
    let calls = 0;
    const { client, url } = await scripted(
      always((peer) => {
        const value = 'Digest realm="r", nonce="n", qop="auth-int"';
        peer.answer("401 X", { "WWW-Authenticate": value });
      }),
    );
    const bodyProducer = (): void => {
      calls++;
    };
    const settings = { ...options, method: "PUT", bodyProducer, raiseError: false };
    expect((await client.fetch(url, settings)).code).toBe(401);
    expect(calls).toBe(1);
    client.close();
  });

  test("behind a proxy is told what it sees", async () => {
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        if (/uri="\/c\?d"/.test(head)) peer.answer("200 OK");
        else refuse(peer, "n");
      }),
    );
    const { hostname, port } = new URL(url);
    const proxy = { proxyHost: hostname, proxyPort: Number(port) };
    const response = await client.fetch("http://b.example/c?d", { ...options, ...proxy });
    expect(response.code).toBe(200);
    expect(peers[0]?.received).toMatch(/^GET http:\/\/b\.example\/c\?d HTTP/);
    client.close();
  });

  test("elsewhere gets no answer", async () => {
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        if (/^Host: 127/m.test(head)) {
          peer.answer("302 X", { Location: `${url.replace("127.0.0.1", "localhost")}/b` });
        } else refuse(peer, "n");
      }),
    );
    const response = await client.fetch(url, { ...options, raiseError: false });
    expect(response.code).toBe(401);
    for (const { received } of peers) expect(received).not.toContain("Authorization");
    client.close();
  });

  test("gets a body again, if there is one to be had", async () => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.until(() => peer.received.endsWith("\r\n\r\nhello"));
      refuse(peer, "n1");
      await peer.until(() => /nonce="n1"[\s\S]*\r\n\r\nhello$/.test(peer.received));
      peer.answer("200 OK");
    });
    expect((await client.fetch(url, { ...options, method: "PUT", body: "hello" })).code).toBe(200);
    expect(peers).toHaveLength(1);
    client.close();
  });
});
