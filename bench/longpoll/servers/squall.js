// Long polls on Squall: `/poll` waits for `/wake`, `/` is hello world, `/waiting` counts. In as many
// processes as the second argument says.
import { Condition } from "squall/locks";
import { Application, HTTPServer, RequestHandler } from "squall/web";

const news = new Condition();

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

class PollHandler extends RequestHandler {
  async get() {
    await news.wait({ signal: this.closeSignal });
    this.write("news");
  }
}

class WakeHandler extends RequestHandler {
  get() {
    news.notifyAll();
  }
}

class WaitingHandler extends RequestHandler {
  get() {
    this.write(String(news.waiting));
  }
}

const app = new Application(
  [
    ["/", MainHandler],
    ["/poll", PollHandler],
    ["/wake", WakeHandler],
    ["/waiting", WaitingHandler],
  ],
  { etag: false },
);
const [port, processes = 1] = process.argv.slice(2).map(Number);
const server = new HTTPServer(app);
server.bind(port, "127.0.0.1", { backlog: 4096 });
await server.start(processes);
