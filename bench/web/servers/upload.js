// Takes uploads, on Squall, for all three runtimes. Arguments: the port, a folder for the files.
import { setParseBodyConfig } from "squall/httputil";
import { Application, RequestHandler } from "squall/web";

class Upload extends RequestHandler {
  get() {
    this.setHeader("Content-Type", "text/plain");
    this.write("Hello, world");
  }
  post() {
    this.write(String(this.request.files.get("f")[0].size));
  }
}

const [port, directory] = process.argv.slice(2);
setParseBodyConfig({ multipart: { directory } });
const app = new Application([["/", Upload]]);
await app.listen(Number(port), "127.0.0.1");
