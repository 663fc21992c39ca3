// What is measured, on Fastify with its own plugins. Arguments: the port, the subject, a folder.
import cookie from "@fastify/cookie";
import files from "@fastify/static";
import { fastify } from "fastify";
import { engines } from "../../template/engines.js";
import { names } from "../../template/page.js";

const [port, subject, folder] = process.argv.slice(2);
const app = fastify();
const schema = {
  response: { 200: { type: "object", properties: { message: { type: "string" } } } },
};

if (subject === "page") {
  // The fastest of the peers on Node: see results/template.md.
  const render = await engines.eta();
  const table = names("words");
  app.get("/", (_request, reply) => {
    reply.type("text/html; charset=utf-8").send(render(table));
  });
} else if (subject === "cookie") {
  await app.register(cookie, { secret: "a secret of the benchmark, which is long enough" });
  app.get("/", (request, reply) => {
    const signed = request.cookies.user;
    const isValid = signed !== undefined && request.unsignCookie(signed).valid;
    reply.setCookie("user", "user 1234567", { path: "/", signed: true });
    reply.type("text/plain").send(isValid ? "somebody" : "nobody");
  });
} else if (subject === "json") {
  // A schema for the response is Fastify's own way to be fast.
  for (let index = 0; index < 20; index++) {
    app.get(`/route${index}/:id`, { schema }, (request, reply) => {
      reply.send({ message: request.params.id === "42" ? "Hello, world" : "Who?" });
    });
  }
} else await app.register(files, { root: folder, prefix: "/static/" });

await app.listen({ host: "127.0.0.1", port: Number(port) });
