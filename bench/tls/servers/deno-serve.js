// Hello, world on Deno's own server; the arguments are those of squall.js.
import { readFileSync } from "node:fs";
import process from "node:process";

const answer = () => new Response("Hello, world", { headers: { "Content-Type": "text/plain" } });
const [port, securePort, cert, key] = process.argv.slice(2);
const tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
Deno.serve({ port: Number(securePort), hostname: "127.0.0.1", ...tls }, answer);
Deno.serve({ port: Number(port), hostname: "127.0.0.1" }, answer);
