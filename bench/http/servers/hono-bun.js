// Hello, world on Hono, served by `Bun.serve`.
import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text("Hello, world"));
Bun.serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.argv[2]) });
