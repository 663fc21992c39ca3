// The same on Bun's own server.
const server = Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request, self) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/" && self.upgrade(request, { data: { pathname } })) return undefined;
    return new Response("Hello, world", { headers: { "Content-Type": "text/html" } });
  },
  websocket: {
    idleTimeout: 0,
    open(socket) {
      if (socket.data.pathname === "/broadcast") socket.subscribe("all");
    },
    message(socket, message) {
      if (socket.data.pathname === "/echo") socket.send(message);
      else server.publish("all", message);
    },
  },
});
