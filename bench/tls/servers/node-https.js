// Hello, world on `node:https`; the arguments are those of squall.js.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";

const answer = (_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 12 });
  response.end("Hello, world");
};
const [port, securePort, cert, key] = process.argv.slice(2);
const options = { cert: readFileSync(cert), key: readFileSync(key) };
createSecureServer(options, answer).listen(Number(securePort), "127.0.0.1");
createServer(answer).listen(Number(port), "127.0.0.1");
