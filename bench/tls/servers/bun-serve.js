// Hello, world on Bun's own server; the arguments are those of squall.js.
import { readFileSync } from "node:fs";

const fetch = () => new Response("Hello, world", { headers: { "Content-Type": "text/plain" } });
const [port, securePort, cert, key] = process.argv.slice(2);
const tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
Bun.serve({ port: Number(securePort), hostname: "127.0.0.1", tls, fetch });
Bun.serve({ port: Number(port), hostname: "127.0.0.1", fetch });
