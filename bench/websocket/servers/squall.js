// Echo, broadcast and silence over WebSocket on Squall, for all three runtimes.
import { Application, RequestHandler } from "squall/web";
import { PreparedMessage, WebSocketHandler } from "squall/websocket";

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

/** With `--lend`, bytes are passed on from where they were received. */
class EchoHandler extends WebSocketHandler {
  get lendsMessages() {
    return process.argv.includes("--lend");
  }

  onMessage(message) {
    this.writeMessage(message);
  }
}

const members = new Set();

/** Sends every message to all. */
class BroadcastHandler extends WebSocketHandler {
  open() {
    members.add(this);
  }

  onMessage(message) {
    const prepared = new PreparedMessage(message);
    for (const member of members) member.writeMessage(prepared);
  }

  onClose() {
    members.delete(this);
  }
}

const app = new Application(
  [
    ["/", MainHandler],
    ["/echo", EchoHandler],
    ["/broadcast", BroadcastHandler],
  ],
  { logFunction() {} },
);
await app.listen(Number(process.argv[2]), "127.0.0.1", { backlog: 1024 });
