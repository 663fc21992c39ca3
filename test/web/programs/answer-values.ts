/** Answers what verbs return and a callback writes; tells whether Node has loaded fetch by then. */
import process from "node:process";
import { AsyncHTTPClient } from "../../../src/httpclient.ts";
import { HTTPServer } from "../../../src/httpserver.ts";
import {
  HTTPHeaders,
  type HTTPServerRequest,
  type ResponseStartLine,
} from "../../../src/httputil.ts";
import { Application, RequestHandler } from "../../../src/web.ts";

class Values extends RequestHandler {
  get(): object {
    return { value: 1 };
  }

  put(): Response {
    return new Response("of the web");
  }
}

function callback({ connection }: HTTPServerRequest): void {
  const line: ResponseStartLine = { code: 200, reason: "OK" };
  connection.writeHeaders(line, new HTTPHeaders({ "Content-Length": "7" }));
  connection.write(new TextEncoder().encode("written"));
  connection.finish();
}

/** Node names what it has loaded of its own; elsewhere the list is empty. */
const modules = (process as { moduleLoadList?: readonly string[] }).moduleLoadList ?? [];
const isLoaded = (): boolean => modules.some((name) => name.endsWith("deps/undici/undici"));

const client = new AsyncHTTPClient();

async function tell(server: HTTPServer, method: string): Promise<void> {
  const url = `http://127.0.0.1:${server.addresses[0]?.port}/`;
  const { body } = await client.fetch(url, { method, allowNonstandardMethods: true });
  console.log(`${new TextDecoder().decode(body)}, ${isLoaded() ? "loaded" : "not loaded"}`);
}

const plain = new HTTPServer(callback);
const app = new HTTPServer(new Application([["/", Values]]));
for (const server of [plain, app]) await server.listen(0, "127.0.0.1");
await tell(plain, "GET");
await tell(app, "GET");
await tell(app, "PUT");
for (const server of [plain, app]) server.stop();
