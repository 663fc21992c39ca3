// What is measured, on Squall, for all three runtimes. Arguments: the port, the subject, a folder.
import { Template } from "squall/template";
import { Application, RequestHandler } from "squall/web";
import { pythonPage } from "../../template/engines.js";
import { names } from "../../template/page.js";

const [port, subject, folder] = process.argv.slice(2);

class Page extends RequestHandler {
  get() {
    this.write(page.generate(table));
  }
}

class Cookie extends RequestHandler {
  get() {
    const user = this.getSignedCookie("user");
    this.setSignedCookie("user", "user 1234567");
    this.write(user === undefined ? "nobody" : "somebody");
  }
}

class Message extends RequestHandler {
  get(id) {
    this.write({ message: id === "42" ? "Hello, world" : "Who?" });
  }
}

const routes = {
  page: [["/", Page]],
  cookie: [["/", Cookie]],
  json: Array.from({ length: 20 }, (_, index) => [`/route${index}/([^/]+)`, Message]),
  static: [],
};

const table = names("words");
const page = new Template(pythonPage, { whitespace: "all" });
const app = new Application(routes[subject], {
  cookieSecret: "a secret of the benchmark, which is long enough",
  etag: false,
  ...(subject === "static" ? { staticPath: folder } : {}),
});
await app.listen(Number(port), "127.0.0.1");
