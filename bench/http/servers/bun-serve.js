// Hello, world on `Bun.serve`. `--idle` keeps idle clients, as long as Bun allows.
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  idleTimeout: process.argv.includes("--idle") ? 255 : 10,
  fetch() {
    return new Response("Hello, world");
  },
});
