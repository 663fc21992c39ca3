/** The load: wrk and ab on their own core, bounded in time, and what they counted. */
import { join } from "node:path";
import { requireProgram } from "./runtimes.ts";
import { LOAD_CORE, spawnPinned } from "./server-process.ts";

/** What one run of wrk counted. Times in microseconds. */
export interface WrkResult {
  readonly requests: number;
  readonly duration: number;
  readonly bytes: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

export interface WrkOptions {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  readonly pipelined: boolean;
  /** Lines such as `Cookie: a=b`. */
  readonly headers?: readonly string[];
}

/** Runs a program on the load's core and returns its output; ends it after `limit` seconds. */
export async function output(command: readonly string[], limit: number): Promise<string> {
  const child = spawnPinned(command, { core: LOAD_CORE, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), limit * 1000);
  let text = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    errors += part;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  clearTimeout(timer);
  if (code === 0) return text;
  throw new Error(`Cannot finish "${command.join(" ")}": exit ${code}\n${text}${errors}`);
}

interface WrkCounts {
  requests: number;
  duration: number;
  bytes: number;
  connect: number;
  read: number;
  write: number;
  status: number;
  timeout: number;
  p50: number;
  p99: number;
}

export async function wrk(options: WrkOptions): Promise<WrkResult> {
  const program = requireProgram("wrk", "wrk");
  const script = join(import.meta.dirname, options.pipelined ? "pipeline.lua" : "report.lua");
  const load = ["-t1", `-c${options.connections}`, `-d${options.seconds}s`, "-s", script];
  const headers = (options.headers ?? []).flatMap((header) => ["-H", header]);
  const text = await output([program, ...load, ...headers, options.url], options.seconds + 15);
  const line = text.split("\n").find((candidate) => candidate.startsWith("{"));
  if (line === undefined) throw new Error(`Cannot read wrk's report: "${text}"`);
  const { connect, read, write, status, timeout, ...counts }: WrkCounts = JSON.parse(line);
  return { ...counts, errors: connect + read + write + status + timeout };
}

export interface AbResult {
  readonly complete: number;
  readonly failed: number;
  readonly non2xx: number;
  readonly keptAlive: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
}

export interface AbOptions {
  readonly url: string;
  readonly requests: number;
  readonly keepAlive: boolean;
}

/** The seeds' own command: `ab -n 100000 -c 25`, with or without `-k`. */
export async function ab(options: AbOptions): Promise<AbResult> {
  const program = requireProgram("ab", "apache2-utils");
  const flags = ["-q", "-n", String(options.requests), "-c", "25"];
  if (options.keepAlive) flags.push("-k");
  const text = await output([program, ...flags, options.url], 400);
  const number = (label: RegExp) => Number(label.exec(text)?.[1] ?? 0);
  return {
    complete: number(/^Complete requests:\s+(\d+)/m),
    failed: number(/^Failed requests:\s+(\d+)/m),
    non2xx: number(/^Non-2xx responses:\s+(\d+)/m),
    keptAlive: number(/^Keep-Alive requests:\s+(\d+)/m),
    perSecond: number(/^Requests per second:\s+([\d.]+)/m),
    p99: number(/^\s+99%\s+(\d+)/m),
  };
}
