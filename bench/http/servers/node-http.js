// Hello, world on `node:http`, for Node and for Deno's node:http. `--idle` keeps idle clients.
import { createServer } from "node:http";

const server = createServer((_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 12 });
  response.end("Hello, world");
});
if (process.argv.includes("--idle")) server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), "127.0.0.1");
