/**
 * What the tests put behind proxies: tells who it thinks is asking. The argument is JSON: `port` or
 * `path`, and options of the server.
 */
import { Application, HealthHandler, HTTPServer, RequestHandler } from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";

class Who extends RequestHandler {
  get(): void {
    const { remoteIp, protocol, host } = this.request;
    this.write({ remoteIp, protocol, host, pid: process.pid });
  }
}

class Echo extends WebSocketHandler {
  override async onMessage(message: string | Uint8Array): Promise<void> {
    await this.writeMessage(`${this.request.remoteIp}: ${message}`);
  }
}

const { port, path, ...options } = JSON.parse(process.argv[2] ?? "{}");
const app = new Application(
  [
    ["/", Who],
    ["/echo", Echo],
    ["/healthz", HealthHandler, { live: true }],
    ["/readyz", HealthHandler],
  ],
  { logFunction: () => undefined },
);
const server = new HTTPServer(app, { xheaders: true, stopOnSignals: true, ...options });
if (path === undefined) await server.listen(port, "127.0.0.1");
else await server.listenUnix(path, { mode: 0o666 });
console.log("serving");
