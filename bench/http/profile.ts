/**
 * Shows where one server's time goes under load, for tuning; its figures are no results, since
 * looking costs time. `profile`: the runtime's own sampler, JavaScript functions by self time.
 * `perf`: Linux perf, with native and kernel functions. `strace`: system calls per request.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Candidate } from "./candidates.ts";
import { output, type WrkResult, wrk } from "./generator.ts";
import type { LoadOptions } from "./measure.ts";
import { bun, deno, node, requireProgram } from "./runtimes.ts";
import { freePort, LOAD_CORE, ServerProcess, spawnPinned } from "./server-process.ts";

export type Tool = "profile" | "perf" | "strace";

const SAMPLING_INTERVAL = 200;
const SHOWN = 40;

interface CallFrame {
  functionName: string;
  url: string;
  lineNumber: number;
}

/** The Chrome profile format, which all three runtimes give. */
interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame }[];
  samples: number[];
  timeDeltas: number[];
}

function place({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name}  ${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
}

/** Prints the functions by self time: their share of the busy time and of one request. */
function printSelfTimes(profile: CpuProfile, requests: number): void {
  const places = new Map(profile.nodes.map((entry) => [entry.id, place(entry.callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const where = places.get(id) ?? "(unknown)";
    times.set(where, (times.get(where) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  times.delete("(idle)");
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
  const sorted = [...times].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [where, time] of sorted) {
    const share = ((time / busy) * 100).toFixed(1).padStart(5);
    console.log(`${share} %  ${(time / requests).toFixed(3)} µs  ${where}`);
  }
}

async function load(server: ServerProcess, candidate: Candidate, options: LoadOptions) {
  const { connections, seconds } = options;
  return await wrk({ url: server.url, seconds, connections, pipelined: candidate.pipelined });
}

/** The server with flags for its runtime put after the runtime's name (and `run`). */
async function start(
  candidate: Candidate,
  runtimeFlags: readonly string[],
): Promise<ServerProcess> {
  return await ServerProcess.start((port) => {
    const [binary = "", ...args] = candidate.command(port);
    const verb = args[0] === "run" ? args.splice(0, 1) : [];
    return [binary, ...verb, ...runtimeFlags, ...args];
  });
}

/** A session with V8's inspector. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result }: { id?: number; result?: unknown } = JSON.parse(String(data));
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  static async connect(port: number): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const targets = (await response.json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
    await once(socket, "open");
    return new Inspector(socket);
  }

  async call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    return await new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

async function profileThroughInspector(candidate: Candidate, options: LoadOptions) {
  const port = await freePort();
  const server = await start(candidate, [`--inspect=127.0.0.1:${port}`]);
  try {
    const inspector = await Inspector.connect(port);
    await load(server, candidate, { ...options, seconds: options.warmUp });
    await inspector.call("Profiler.enable");
    await inspector.call("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL });
    await inspector.call("Profiler.start");
    const { requests } = await load(server, candidate, options);
    const { profile } = (await inspector.call("Profiler.stop")) as { profile: CpuProfile };
    inspector.close();
    printSelfTimes(profile, requests);
  } finally {
    await server.stop();
  }
}

/** Bun writes its profile when it exits, of the whole run; a preload makes SIGTERM such an exit. */
async function profileBun(candidate: Candidate, options: LoadOptions, folder: string) {
  const preload = join(import.meta.dirname, "exit-on-sigterm.js");
  const flags = ["--cpu-prof", "--cpu-prof-dir", folder, "--cpu-prof-name", "bun.cpuprofile"];
  const interval = ["--cpu-prof-interval", String(SAMPLING_INTERVAL)];
  const server = await start(candidate, [...flags, ...interval, "--preload", preload]);
  let result: WrkResult;
  try {
    result = await load(server, candidate, options);
  } finally {
    await server.stop();
  }
  printSelfTimes(JSON.parse(readFileSync(join(folder, "bun.cpuprofile"), "utf8")), result.requests);
}

async function perf(candidate: Candidate, options: LoadOptions, folder: string) {
  const program = requireProgram("perf", "linux-perf");
  const file = join(folder, "perf.data");
  const isNode = candidate.command(0)[0] === node;
  const server = await start(
    candidate,
    isNode ? ["--perf-basic-prof", `--logfile=${folder}/v8.log`] : [],
  );
  try {
    await load(server, candidate, { ...options, seconds: options.warmUp });
    const where = ["-p", String(server.pid), "-o", file];
    const record = [program, "record", "-q", "-F", "1999", "-e", "cpu-clock", ...where];
    const recording = output(
      [...record, "--", "sleep", String(options.seconds)],
      options.seconds + 30,
    );
    await load(server, candidate, options);
    await recording;
    const report = [program, "report", "-i", file, "--stdio", "--sort", "dso,symbol"];
    const text = await output([...report, "--percent-limit", "0.4"], 120);
    const rows = text.split("\n").filter((line) => /^\s+\d/.test(line));
    console.log(rows.slice(0, SHOWN * 2).join("\n"));
  } finally {
    await server.stop();
    rmSync(`/tmp/perf-${server.pid}.map`, { force: true });
  }
}

async function strace(candidate: Candidate, options: LoadOptions) {
  const program = requireProgram("strace", "strace");
  const server = await ServerProcess.start(candidate.command);
  try {
    await load(server, candidate, { ...options, seconds: options.warmUp });
    const tracer = spawnPinned([program, "-c", "-f", "-p", String(server.pid)], {
      core: LOAD_CORE,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    tracer.stderr?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    await sleep(500);
    const { requests } = await load(server, candidate, options);
    tracer.kill("SIGINT");
    await once(tracer, "close");
    // Columns: share, seconds, microseconds a call, calls, errors (or blank), name.
    const row = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\S+)$/gm;
    for (const [, calls, name] of text.matchAll(row)) {
      const perRequest = Number(calls) / requests;
      if (perRequest > 0.001) console.log(`${perRequest.toFixed(3)}  ${name}`);
    }
  } finally {
    await server.stop();
  }
}

/** Loads one candidate under the tool and prints what it saw. */
export async function profile(
  tool: Tool,
  candidate: Candidate,
  options: LoadOptions,
): Promise<void> {
  console.log(`\n${candidate.title}`);
  const folder = mkdtempSync(join(tmpdir(), "squall-profile-"));
  try {
    if (tool === "perf") return await perf(candidate, options, folder);
    if (tool === "strace") return await strace(candidate, options);
    const runtime = candidate.command(0)[0];
    if (runtime === bun) return await profileBun(candidate, options, folder);
    if (runtime === node || runtime === deno) {
      return await profileThroughInspector(candidate, options);
    }
    console.log("no profiler for this runtime: use --perf");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
