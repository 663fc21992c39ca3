// The same on `node:http`, without a framework.
import { createServer } from "node:http";

const waiting = new Set();
const headers = { "Content-Type": "text/plain" };

function answer(response, text) {
  response.writeHead(200, { ...headers, "Content-Length": text.length });
  response.end(text);
}

const server = createServer((request, response) => {
  switch (request.url) {
    case "/poll":
      waiting.add(response);
      response.on("close", () => waiting.delete(response));
      return;
    case "/wake":
      for (const each of waiting) answer(each, "news");
      waiting.clear();
      answer(response, "");
      return;
    case "/waiting":
      answer(response, String(waiting.size));
      return;
    default:
      answer(response, "Hello, world");
  }
});
server.keepAliveTimeout = 600_000;
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
