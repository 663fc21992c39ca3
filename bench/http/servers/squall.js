// Hello, world on Squall, for all three runtimes. `--no-etag` leaves the automatic ETag out.
import { Application, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

const app = new Application([["/", MainHandler]], { etag: !process.argv.includes("--no-etag") });
await app.listen(Number(process.argv[2]), "127.0.0.1");
