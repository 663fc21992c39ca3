/**
 * A small chat over WebSocket, after Tornado's demo. Run it with `node app.ts`, `bun run app.ts` or
 * `deno run --allow-net --allow-read app.ts`, and open http://localhost:8888/ twice; `--port=N`
 * chooses another port.
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { banner } from "squall";
import { Application, RequestHandler } from "squall/web";
import { type CompressionOptions, PreparedMessage, WebSocketHandler } from "squall/websocket";

const page = readFileSync(new URL("page.html", import.meta.url), "utf8");
/** Messages that a newcomer gets to see. */
const KEPT = 50;
const LONGEST = 2000;

interface Line {
  readonly from: string;
  readonly text: string;
}

const lines: Line[] = [];
const members = new Set<Chat>();
let guests = 0;

class MainHandler extends RequestHandler {
  get(): void {
    this.write(page);
  }
}

class Chat extends WebSocketHandler {
  #name = "";

  override getCompressionOptions(): CompressionOptions {
    return {};
  }

  override open(): void {
    this.#name = `guest ${++guests}`;
    members.add(this);
    this.writeMessage({ lines });
    say({ from: "", text: `${this.#name} is here` });
  }

  override onMessage(message: string | Uint8Array): void {
    if (typeof message === "string") say({ from: this.#name, text: message.slice(0, LONGEST) });
  }

  override onClose(): void {
    members.delete(this);
    say({ from: "", text: `${this.#name} has left` });
  }
}

/** Sends a line to all: encoded once, and compressed once. */
function say(line: Line): void {
  lines.push(line);
  if (lines.length > KEPT) lines.shift();
  const message = new PreparedMessage({ lines: [line] });
  for (const member of members) member.writeMessage(message);
}

const port = Number(/--port[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 8888);
const app = new Application(
  [
    ["/", MainHandler],
    ["/chat", Chat],
  ],
  { websocketPingInterval: 30, websocketMaxMessageSize: 64 * 1024 },
);
const server = await app.listen(port);
console.log(banner(server));
