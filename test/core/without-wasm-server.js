// A server that uses every part of the core, for without-wasm.test.ts. Of compiled files, because a
// Node without WebAssembly cannot strip types either.
import { Buffer } from "node:buffer";
import { banner } from "squall";
import { DictLoader } from "squall/template";
import { Application, RequestHandler } from "squall/web";
import { WebSocketHandler } from "squall/websocket";

function latin1(bytes) {
  return Buffer.from(bytes).toString("latin1");
}

class Page extends RequestHandler {
  get(name) {
    this.render("page.html", { name, number: this.getArgument("number") });
  }

  post() {
    const files = [...this.request.files.values()].flat();
    this.write({
      body: latin1(this.request.body),
      words: this.getBodyArguments("word"),
      files: files.map(({ filename, body }) => [filename, latin1(body)]),
    });
  }
}

class Signed extends RequestHandler {
  get(text) {
    const value = this.createSignedValue("name", text);
    const forged = value.slice(0, -1) + (value.endsWith("0") ? "1" : "0");
    const readers = [value, forged].map((signed) =>
      this.getSignedCookie("name", { value: signed })?.toString(),
    );
    this.write({ length: value.length, readers, token: this.xsrfToken.length });
  }
}

class Echo extends WebSocketHandler {
  onMessage(message) {
    this.writeMessage(message, typeof message !== "string");
  }
}

const application = new Application(
  [
    ["/page/:name", Page],
    ["/signed/:text", Signed],
    ["/echo", Echo],
  ],
  {
    cookieSecret: "secret",
    templateLoader: new DictLoader({
      "page.html":
        "{% if number > 1 %}<!-- many -->{% end %}<a title='{{ name }}'>{{ number }}</a>",
    }),
  },
);
console.log(banner(await application.listen(0, "127.0.0.1")));
