// Long polls on Squall: `/poll` waits for `/wake`, `/` is hello world, `/waiting` counts.
import { Condition } from "squall/locks";
import { Application, RequestHandler } from "squall/web";

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
await app.listen(Number(process.argv[2]), "127.0.0.1", { backlog: 4096 });
