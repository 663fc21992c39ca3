// The JSON routes, on Elysia, served by Bun. Argument: the port.
import { Elysia } from "elysia";

const app = new Elysia();
for (let index = 0; index < 20; index++) {
  app.get(`/route${index}/:id`, ({ params: { id } }) => ({
    message: id === "42" ? "Hello, world" : "Who?",
  }));
}
app.listen({ hostname: "127.0.0.1", port: Number(process.argv[2]) });
