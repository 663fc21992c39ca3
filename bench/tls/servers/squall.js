// Hello, world over TLS on Squall, for all three runtimes: port, secure port, certificate, key. The
// first port, without TLS, tells the benchmark that the server has started.
import { readFileSync } from "node:fs";
import { Application, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

const [port, securePort, cert, key] = process.argv.slice(2);
const app = new Application([["/", MainHandler]], { etag: false });
const sslOptions = { cert: readFileSync(cert), key: readFileSync(key) };
await app.listen(Number(securePort), "127.0.0.1", { sslOptions });
await app.listen(Number(port), "127.0.0.1");
