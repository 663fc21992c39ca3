// Hello, world on Elysia, served by Bun.
import { Elysia } from "elysia";

new Elysia()
  .get("/", () => "Hello, world")
  .listen({ hostname: "127.0.0.1", port: Number(process.argv[2]) });
