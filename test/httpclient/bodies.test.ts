/** Bodies of responses: decompressed under a limit, streamed, and what callbacks see of them. */
import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { zstdAvailable } from "../../src/decompression.ts";
import { type FetchOptions, HTTPClientError } from "../../src/httpclient.ts";
import { type Peer, scripted } from "../support/scripted-server.ts";

const text = "Hello, world. ".repeat(500);

interface Coding {
  name: string;
  coding: string;
  compress: (bytes: Uint8Array | string) => Uint8Array;
}

/** At its default quality, it takes seconds. */
const quick = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };

const codings: Coding[] = [
  { name: "gzip", coding: "gzip", compress: (bytes) => zlib.gzipSync(bytes) },
  { name: "gzip by its old name", coding: "x-gzip", compress: (bytes) => zlib.gzipSync(bytes) },
  { name: "gzip in capitals", coding: " GZIP", compress: (bytes) => zlib.gzipSync(bytes) },
  {
    name: "gzip in two members",
    coding: "gzip",
    compress: (bytes) => Buffer.concat([zlib.gzipSync(""), zlib.gzipSync(bytes)]),
  },
  { name: "deflate", coding: "deflate", compress: (bytes) => zlib.deflateSync(bytes) },
  { name: "deflate, raw", coding: "deflate", compress: (bytes) => zlib.deflateRawSync(bytes) },
  { name: "br", coding: "br", compress: (bytes) => zlib.brotliCompressSync(bytes, quick) },
];
if (zstdAvailable) {
  codings.push({ name: "zstd", coding: "zstd", compress: (bytes) => zlib.zstdCompressSync(bytes) });
}

/** Deno's decoders of br and zstd, and Bun's of zstd, take what is cut off for complete. */
function noticesTheEnd({ coding, compress }: Coding): boolean {
  const cut = compress(text).subarray(0, -10);
  try {
    if (coding === "br") zlib.brotliDecompressSync(cut);
    else if (coding === "zstd") zlib.zstdDecompressSync(cut);
    else return true;
    return false;
  } catch {
    return true;
  }
}

/** A server that says one response with this body. */
async function saying(coding: string, body: Uint8Array, maxBodySize = 2 ** 20) {
  return scripted(
    async (peer: Peer) => {
      await peer.head();
      peer.send(
        `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      for (let at = 0; at < body.length; at += 1000) peer.send(body.subarray(at, at + 1000));
    },
    { maxBodySize },
  );
}

/** Fetches it both ways, collected and streamed. */
const ways: {
  way: string;
  fetched: (server: Awaited<ReturnType<typeof saying>>) => Promise<string>;
}[] = [
  {
    way: "collected",
    fetched: async ({ client, url }) => Buffer.from((await client.fetch(url)).body).toString(),
  },
  {
    way: "streamed",
    fetched: async ({ client, url }) => {
      const parts: Uint8Array[] = [];
      const streamingCallback = (chunk: Uint8Array) => parts.push(chunk);
      await client.fetch(url, { streamingCallback });
      return Buffer.concat(parts).toString();
    },
  },
];

describe.each(ways)("a compressed body, $way", ({ fetched }) => {
  test.each(codings)("$name", async ({ coding, compress }) => {
    const server = await saying(coding, compress(text));
    expect(await fetched(server)).toBe(text);
    server.client.close();
  });

  test.each(codings.filter(noticesTheEnd))(
    "$name that ends too soon",
    async ({ coding, compress }) => {
      const whole = compress(text);
      const server = await saying(coding, whole.subarray(0, whole.length - 10));
      const error = await fetched(server).catch((reason) => reason);
      expect(error).toBeInstanceOf(HTTPClientError);
      expect(error.message).toMatch(/^HTTP 599: Cannot decompress body/);
    },
  );

  test.each(codings)("$name that blows up", async ({ coding, compress }) => {
    for (const size of [2 ** 21, 2 ** 24]) {
      const server = await saying(coding, compress(new Uint8Array(size)));
      const error = await fetched(server).catch((reason) => reason);
      expect(error).toBeInstanceOf(HTTPClientError);
      expect(error.message).toMatch(/longer than 1048576 bytes, decompressed/);
    }
  });

  test.each([2 ** 40, Number.POSITIVE_INFINITY])("with a limit of %d bytes", async (limit) => {
    for (const body of [text, randomBytes(20_000).toString("hex")]) {
      const server = await saying("gzip", zlib.gzipSync(body), limit);
      expect(await fetched(server)).toBe(body);
      server.client.close();
    }
  });

  test("that is none", async () => {
    const server = await saying("gzip", Buffer.from("Hello"));
    await expect(fetched(server)).rejects.toThrow("Cannot decompress body");
  });

  test("that is empty", async () => {
    expect(await fetched(await saying("gzip", new Uint8Array(0)))).toBe("");
  });

  test.each(["gzip, gzip", `gzip${", gzip".repeat(1000)}`])(
    "in several codings",
    async (coding) => {
      const server = await saying(coding, zlib.gzipSync(zlib.gzipSync(text)));
      await expect(fetched(server)).rejects.toThrow(/codings one on another/);
    },
  );

  test.each(["identity", "aes128gcm", ""])("in the coding %j is left as it is", async (coding) => {
    expect(await fetched(await saying(coding, Buffer.from(text)))).toBe(text);
  });
});

describe("a body longer than the input region", () => {
  test("is collected", async () => {
    const size = 3 * 2 ** 20;
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      peer.send(new Uint8Array(size).map((_, index) => index % 251));
    });
    const { body } = await client.fetch(url);
    expect(body).toHaveLength(size);
    expect(body.every((byte, index) => byte === index % 251)).toBe(true);
    client.close();
  });

  test("is collected in chunks", async () => {
    const chunk = "0123456789abcdef".repeat(1000);
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (let count = 0; count < 50; count++) peer.send(`3e80\r\n${chunk}\r\n`);
      peer.send("0\r\n\r\n");
    });
    const { body } = await client.fetch(url);
    expect(Buffer.from(body).toString()).toBe(chunk.repeat(50));
    client.close();
  });

  test("that is only promised takes no room", async () => {
    const { client, url } = await scripted(
      async (peer) => {
        await peer.head();
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\nab`);
      },
      { maxBodySize: 2 ** 31 },
    );
    const before = process.memoryUsage().arrayBuffers;
    const promise = client.fetch(url, { requestTimeout: 0.05 }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 29);
    await promise;
  });
});

describe("a streaming callback", () => {
  const parts = async (peer: Peer): Promise<void> => {
    await peer.head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    for (const part of ["ab", "cd", "ef"]) {
      peer.send(part);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  test("holds the next part back", async () => {
    const { client, url } = await scripted(parts);
    const steps: string[] = [];
    const response = await client.fetch(url, {
      streamingCallback: async (chunk) => {
        const part = String.fromCharCode(...chunk);
        steps.push(`+${part}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        steps.push(`-${part}`);
      },
    });
    const whole = steps
      .filter((_, index) => index % 2 === 0)
      .join("")
      .replaceAll("+", "");
    expect(whole).toBe("abcdef");
    // One part ends before the next begins.
    expect(steps.map((step) => step[0]).join("")).toMatch(/^(\+-)+$/);
    expect(response.body).toHaveLength(0);
    client.close();
  });

  // Like an error of the network's, but the application's own.
  const failure = Object.assign(new Error("no room"), { code: "ENOSPC" });
  const throws = (): never => {
    throw failure;
  };
  test.each([
    { name: "throws", options: { streamingCallback: throws } },
    { name: "rejects", options: { streamingCallback: async () => throws() } },
    { name: "throws at a header", options: { headerCallback: throws } },
    { name: "rejects at a header", options: { headerCallback: async () => throws() } },
  ])("that $name breaks the fetch off", async ({ options }) => {
    const { client, url, peers } = await scripted(parts);
    expect(await client.fetch(url, options).catch((error) => error)).toBe(failure);
    await peers[0]?.until(() => peers[0]?.closed === true);
  });

  test("that throws at what is decompressed breaks it off too", async () => {
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      const body = zlib.gzipSync("hello");
      peer.send(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      peer.send(body);
    });
    const fetching = client.fetch(url, { streamingCallback: throws });
    expect(await fetching.catch((error) => error)).toBe(failure);
    client.close();
  });

  test("that waits for ever ends with the fetch's time", async () => {
    const { client, url } = await scripted(parts);
    const options: FetchOptions = {
      requestTimeout: 0.02,
      streamingCallback: () => new Promise(() => undefined),
    };
    await expect(client.fetch(url, options)).rejects.toThrow("Timeout during the request");
  });
});

describe("a header callback", () => {
  test("gets every line before the body", async () => {
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      peer.send(
        "HTTP/1.1 200 Fine\r\nset-cookie: a\r\nset-cookie: b\r\nContent-Length: 2\r\n\r\nok",
      );
    });
    const lines: string[] = [];
    await client.fetch(url, {
      headerCallback: (line) => lines.push(line),
      streamingCallback: () => lines.push("body"),
    });
    expect(lines).toEqual([
      "HTTP/1.1 200 Fine\r\n",
      "Set-Cookie: a\r\n",
      "Set-Cookie: b\r\n",
      "Content-Length: 2\r\n",
      "\r\n",
      "body",
    ]);
    client.close();
  });
});
