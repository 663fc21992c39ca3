// Hello, world on Squall, for all three runtimes. `--no-etag` leaves the automatic ETag out.
import { Application, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

class PlainHandler extends MainHandler {
  computeEtag() {
    return undefined;
  }
}

const handler = process.argv.includes("--no-etag") ? PlainHandler : MainHandler;
const app = new Application([["/", handler]]);
await app.listen(Number(process.argv[2]), "127.0.0.1");
