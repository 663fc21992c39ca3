// What is measured, on Hono, served by the runtime's own server. Arguments: the port, the subject.
import { Hono } from "hono";
import { getSignedCookie, setSignedCookie } from "hono/cookie";

const [port, subject] = globalThis.Deno?.args ?? process.argv.slice(2);
const secret = "a secret of the benchmark, which is long enough";
const app = new Hono();

if (subject === "cookie") {
  app.get("/", async (context) => {
    const user = await getSignedCookie(context, secret, "user");
    await setSignedCookie(context, "user", "user 1234567", secret);
    return context.text(user ? "somebody" : "nobody");
  });
} else {
  for (let index = 0; index < 20; index++) {
    app.get(`/route${index}/:id`, (context) =>
      context.json({ message: context.req.param("id") === "42" ? "Hello, world" : "Who?" }),
    );
  }
}

const options = { fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) };
if (globalThis.Deno !== undefined) Deno.serve(options, app.fetch);
else if (globalThis.Bun !== undefined) Bun.serve(options);
else (await import("@hono/node-server")).serve(options);
