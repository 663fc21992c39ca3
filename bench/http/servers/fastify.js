// Hello, world on Fastify.
import { fastify } from "fastify";

const app = fastify();
app.get("/", (_request, reply) => {
  reply.type("text/plain").send("Hello, world");
});
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
