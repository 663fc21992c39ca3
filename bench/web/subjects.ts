/** What the web layer is measured at, on which servers, and what has to be reached. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bun, deno, node, root, which } from "../http/runtimes.ts";
import type { Answer, ServerCommand } from "../http/server-process.ts";

export type Measure = "user" | "total";

export interface Contender {
  readonly name: string;
  readonly command: ServerCommand;
}

/** Least ratio of a peer's processor time to ours. */
export interface Bar {
  readonly ours: string;
  readonly peer: string;
  readonly measure: Measure;
  readonly least: number;
}

export interface Subject {
  readonly name: string;
  readonly title: string;
  /** What is asked for. */
  readonly path: string;
  readonly answer: Answer;
  /** The client sends back the cookies that it is given first. */
  readonly keepsCookies?: boolean;
  readonly contenders: readonly Contender[];
  readonly bars: readonly Bar[];
}

const servers = join(root, "bench", "web", "servers");
const denoRun = [deno, "run", "--no-prompt", "--config", join(root, "deno.json")];
const onDeno = [...denoRun, "--allow-net", "--allow-read", "--allow-env"];

const runtimes = {
  node: [node],
  bun: [bun, "run"],
  deno: onDeno,
  "deno ffi": [...onDeno, "--allow-ffi"],
} as const;

function server(
  name: string,
  runtime: keyof typeof runtimes,
  file: string,
  ...args: string[]
): Contender {
  const start = [...runtimes[runtime], join(servers, file)];
  return { name, command: (port) => [...start, String(port), ...args] };
}

function bar(ours: string, peer: string, measure: Measure, least: number): Bar {
  return { ours, peer, measure, least };
}

const page: Subject = {
  name: "page",
  title: "Tornado's big table as a page: 1,000 rows of 10 words, escaped",
  path: "/",
  answer: {
    isRight: ({ status, headers }, body) =>
      status === 200 && body.includes("cell 999 of column 9") && isHtml(headers),
  },
  contenders: [
    server("squall on node", "node", "squall.js", "page"),
    server("fastify and eta", "node", "fastify.js", "page"),
  ],
  bars: [bar("squall on node", "fastify and eta", "total", 1.3)],
};

function isHtml(headers: Headers): boolean {
  return /^text\/html;/.test(headers.get("content-type") ?? "");
}

const cookie: Subject = {
  name: "cookie",
  title: "A signed cookie, read and written",
  path: "/",
  keepsCookies: true,
  answer: {
    isRight: ({ status, headers }, body) =>
      status === 200 && body === "nobody" && headers.has("set-cookie"),
  },
  contenders: [
    server("squall on node", "node", "squall.js", "cookie"),
    server("fastify", "node", "fastify.js", "cookie"),
    server("hono on node", "node", "hono.js", "cookie"),
    server("squall on bun", "bun", "squall.js", "cookie"),
    server("hono on bun", "bun", "hono.js", "cookie"),
    server("squall on deno ffi", "deno ffi", "squall.js", "cookie"),
    server("squall on deno", "deno", "squall.js", "cookie"),
    server("hono on deno", "deno", "hono.js", "cookie"),
  ],
  bars: [
    bar("squall on node", "fastify", "user", 2.5),
    bar("squall on node", "hono on node", "user", 2.5),
    bar("squall on bun", "hono on bun", "user", 1.5),
    bar("squall on deno ffi", "hono on deno", "user", 1.5),
    bar("squall on deno", "hono on deno", "user", 1.5),
  ],
};

const json: Subject = {
  name: "json",
  title: "JSON from one of 20 routes with a path parameter",
  path: "/route13/42",
  answer: {
    path: "/route13/42",
    isRight: ({ status, headers }, body) =>
      status === 200 &&
      body === '{"message":"Hello, world"}' &&
      /^application\/json/.test(headers.get("content-type") ?? ""),
  },
  contenders: [
    server("squall on node", "node", "squall.js", "json"),
    server("fastify", "node", "fastify.js", "json"),
    server("hono on node", "node", "hono.js", "json"),
    server("squall on bun", "bun", "squall.js", "json"),
    server("hono on bun", "bun", "hono.js", "json"),
    server("elysia on bun", "bun", "elysia.js"),
    server("squall on deno ffi", "deno ffi", "squall.js", "json"),
    server("squall on deno", "deno", "squall.js", "json"),
    server("hono on deno", "deno", "hono.js", "json"),
  ],
  bars: [
    bar("squall on node", "fastify", "user", 2.5),
    bar("squall on node", "hono on node", "user", 2.5),
    bar("squall on bun", "hono on bun", "user", 1.2),
    bar("squall on bun", "elysia on bun", "user", 1.2),
    bar("squall on deno ffi", "hono on deno", "user", 1),
  ],
};

/** A folder with the files, and nginx's own; made anew for each run. */
function files(folder: string): string {
  mkdirSync(join(folder, "files"), { recursive: true });
  for (const [name, size] of [
    ["1k.txt", 1024],
    ["1m.txt", 1024 * 1024],
    ["16m.txt", 16 * 1024 * 1024],
  ] as const) {
    writeFileSync(join(folder, "files", name), Buffer.alloc(size, "Static files, as nginx. "));
  }
  return join(folder, "files");
}

/** nginx as Debian configures it, with one worker, and no log, which the others have not either. */
function nginx(folder: string): Contender[] {
  const program = which("nginx");
  if (program === undefined) return [];
  const configured = (port: number): string => {
    const file = join(folder, `nginx-${port}.conf`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join("\n  ");
    writeFileSync(
      file,
      `user root;
worker_processes 1;
daemon off;
pid ${folder}/nginx-${port}.pid;
error_log stderr crit;
events { worker_connections 768; }
http {
  ${temporary}
  sendfile on;
  tcp_nopush on;
  include /etc/nginx/mime.types;
  access_log off;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port};
    location /static/ { alias ${folder}/files/; }
  }
}
`,
    );
    return file;
  };
  return [{ name: "nginx", command: (port) => [program, "-p", folder, "-c", configured(port)] }];
}

function staticFile(name: string, title: string, folder: string): Subject {
  const root = files(folder);
  const path = `/static/${name}`;
  return {
    name: `static-${name.replace(".txt", "")}`,
    title,
    path,
    answer: {
      path,
      isRight: ({ status }, body) => status === 200 && body.startsWith("Static files"),
    },
    contenders: [
      server("squall on node", "node", "squall.js", "static", root),
      ...nginx(folder),
      server("@fastify/static", "node", "fastify.js", "static", root),
    ],
    bars: [
      bar("squall on node", "nginx", "total", 0.6),
      bar("squall on node", "@fastify/static", "total", 2),
    ],
  };
}

/** Everything that is measured; `folder` is where files may be put. */
export function subjects(folder: string): Subject[] {
  return [
    page,
    cookie,
    json,
    staticFile("1k.txt", "A static file of 1 KiB", folder),
    staticFile("1m.txt", "A static file of 1 MiB", folder),
    staticFile("16m.txt", "A static file of 16 MiB", folder),
  ];
}
