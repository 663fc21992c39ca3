// The same on ws and node:http, as the documentation of ws shows it.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const server = createServer((_request, response) => {
  response.setHeader("Content-Type", "text/html; charset=UTF-8");
  response.end("Hello, world");
});
const echo = new WebSocketServer({ noServer: true });
const broadcast = new WebSocketServer({ noServer: true });

echo.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
broadcast.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => {
    for (const client of broadcast.clients) client.send(data, { binary: isBinary });
  });
});
server.on("upgrade", (request, socket, head) => {
  const target = request.url === "/echo" ? echo : broadcast;
  target.handleUpgrade(request, socket, head, (client) => {
    target.emit("connection", client, request);
  });
});
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 });
