/** Fetches from nginx: what an independent server makes of our requests, and we of its answers. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toUnicode } from "../../src/escape.ts";
import { HTTPClient } from "../../src/httpclient.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";
import { until } from "../support/until.ts";

const absent = spawnSync("nginx", ["-v"]).status === 0 ? noCertificates : "nginx is not installed";
const title = absent === undefined ? "nginx" : `nginx (${absent})`;

const LONG = "It is a truth universally acknowledged. ".repeat(10_000);

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

const configuration = (folder: string, port: number, securePort: number): string => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  default_type text/plain;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${securePort} ssl;
    listen unix:${folder}/socket;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    root ${folder}/www;
    keepalive_requests 1000;
    location /gzip/ { gzip on; gzip_types text/plain; alias ${folder}/www/; }
    location /moved { return 301 /long; }
    location /few/ { keepalive_requests 2; alias ${folder}/www/; }
    location /secret/ { auth_basic "here"; auth_basic_user_file ${folder}/users; alias ${folder}/www/; }
    location /method { return 200 "$request_method $content_length $http_transfer_encoding"; }
    location /small/ { client_max_body_size 1k; proxy_pass http://127.0.0.1:${port}/method; }
    location /through/ { proxy_pass http://127.0.0.1:${port}/; }
  }
}
`;

describe.skipIf(absent !== undefined)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-"));
  const client = new HTTPClient({ loop: runtimeLoop, maxClients: 5 });
  let nginx: ChildProcess | undefined;
  let url = "";
  let secureUrl = "";

  const textOf = ({ body }: { body: Uint8Array }): string => toUnicode(body);

  beforeAll(async () => {
    const [port, securePort] = [await freePort(), await freePort()];
    mkdirSync(join(folder, "www"));
    writeFileSync(join(folder, "www", "long"), LONG);
    writeFileSync(join(folder, "www", "short"), "short");
    writeFileSync(join(folder, "users"), "user:{PLAIN}pass word\n");
    writeFileSync(join(folder, "cert.pem"), certificates().server.cert);
    writeFileSync(join(folder, "key.pem"), certificates().server.key);
    writeFileSync(join(folder, "ca.pem"), certificates().ca);
    writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, securePort));
    nginx = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], { stdio: "ignore" });
    url = `http://127.0.0.1:${port}`;
    secureUrl = `https://127.0.0.1:${securePort}`;
    let up = false;
    const ask = (): void => {
      client.fetch(`${url}/short`).then(
        () => {
          up = true;
        },
        () => setTimeout(ask, 20),
      );
    };
    ask();
    await until(() => up);
  });

  afterAll(async () => {
    client.close();
    const ended = new Promise((resolve) => nginx?.once("exit", resolve));
    nginx?.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test("files, compressed and not, a hundred times on five connections", async () => {
    const paths = Array.from({ length: 100 }, (_, number) => (number % 2 ? "/long" : "/gzip/long"));
    const responses = await Promise.all(paths.map((path) => client.fetch(url + path)));
    for (const response of responses) expect(textOf(response)).toBe(LONG);
    const codings = responses.map(({ headers }) => headers.get("X-Consumed-Content-Encoding"));
    expect(new Set(codings)).toEqual(new Set(["gzip", undefined]));
    expect(client.idleConnections).toBe(5);
  });

  test("a redirect, HEAD, a part, and what has not changed", async () => {
    const moved = await client.fetch(`${url}/moved`);
    expect(moved.effectiveUrl).toBe(`${url}/long`);
    const head = await client.fetch(`${url}/long`, { method: "HEAD" });
    expect(head.headers.get("Content-Length")).toBe(String(LONG.length));
    expect(head.body).toHaveLength(0);
    const part = await client.fetch(`${url}/long`, { headers: { Range: "bytes=6-12" } });
    expect([part.code, textOf(part)]).toEqual([206, LONG.slice(6, 13)]);
    const options = {
      ifModifiedSince: new Date(head.headers.get("Last-Modified") ?? ""),
      raiseError: false,
    };
    expect((await client.fetch(`${url}/long`, options)).code).toBe(304);
  });

  test("connections that it ends after their second answer", async () => {
    for (let count = 0; count < 10; count++) {
      expect(textOf(await client.fetch(`${url}/few/short`))).toBe("short");
    }
  });

  test("credentials, in options and URL", async () => {
    const there = `${url}/secret/short`;
    expect((await client.fetch(there, { raiseError: false })).code).toBe(401);
    const options = { authUsername: "user", authPassword: "pass word" };
    expect((await client.fetch(there, options)).code).toBe(200);
    expect((await client.fetch(there.replace("//", "//user:pass%20word@"))).code).toBe(200);
  });

  test("bodies, whole and in chunks", async () => {
    async function* parts(): AsyncGenerator<string> {
      yield "hello";
      yield "world";
    }
    const whole = await client.fetch(`${url}/method`, { method: "POST", body: "hello" });
    expect(textOf(whole)).toBe("POST 5 ");
    const chunked = await client.fetch(`${url}/through/method`, { method: "PUT", body: parts() });
    // nginx has read all chunks before it passes them on with a length.
    expect(textOf(chunked)).toBe("PUT 10 ");
    const body = "a".repeat(5000);
    const waiting = { method: "POST", body, expect100Continue: true };
    expect(textOf(await client.fetch(`${url}/through/method`, waiting))).toBe("POST 5000 ");
    const refused = await client.fetch(`${url}/small/`, { ...waiting, raiseError: false });
    expect(refused.code).toBe(413);
  });

  test("TLS, and a Unix socket", async () => {
    const secure = await client.fetch(`${secureUrl}/long`, { caCerts: join(folder, "ca.pem") });
    expect(textOf(secure)).toBe(LONG);
    const local = await client.fetch("http://any/short", { socketPath: join(folder, "socket") });
    expect(textOf(local)).toBe("short");
  });

  test("a proxy for http", async () => {
    const { hostname, port } = new URL(url);
    const proxy = { proxyHost: hostname, proxyPort: Number(port) };
    // nginx takes the absolute form for one of its own.
    const response = await client.fetch("http://any.example/short", proxy);
    expect(textOf(response)).toBe("short");
  });
});
