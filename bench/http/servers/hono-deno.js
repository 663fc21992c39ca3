// Hello, world on Hono, served by `Deno.serve`.
import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text("Hello, world"));
Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]) }, app.fetch);
