// Hello, world on Express.
import express from "express";

const app = express();
app.get("/", (_request, response) => {
  response.type("text/plain").send("Hello, world");
});
app.listen(Number(process.argv[2]), "127.0.0.1");
