/**
 * Measures what TLS costs a server, in alternating rounds: requests on kept connections, and requests
 * that each begin with a handshake. Squall on every runtime beside that runtime's own server.
 * Writes bench/results/tls.md. See bench/README.md.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ab, wrk } from "../http/generator.ts";
import {
  bun,
  deno,
  isSquallBuilt,
  linkSquall,
  node,
  requireProgram,
  results,
  root,
  versions,
} from "../http/runtimes.ts";
import { freePort, pinSelf, ServerProcess } from "../http/server-process.ts";
import { markdownTable, type Spread, spread, spreadText } from "../http/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    only: { type: "string", default: "node,bun,deno" },
    dry: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const CONNECTIONS = 64;
const HANDSHAKES = 4000;

interface Candidate {
  readonly name: string;
  /** The runtime whose rows are compared. */
  readonly runtime: string;
  readonly command: readonly string[];
}

const script = (name: string): string => join(import.meta.dirname, "servers", `${name}.js`);
const onDeno = [deno, "run", "--allow-all", "--config", join(root, "deno.json")];
const all: readonly Candidate[] = [
  { name: "Squall on Node", runtime: "node", command: [node, script("squall")] },
  { name: "node:https", runtime: "node", command: [node, script("node-https")] },
  { name: "Squall on Bun", runtime: "bun", command: [bun, script("squall")] },
  { name: "Bun.serve", runtime: "bun", command: [bun, script("bun-serve")] },
  { name: "Squall on Deno", runtime: "deno", command: [...onDeno, script("squall")] },
  { name: "Deno.serve", runtime: "deno", command: [...onDeno, script("deno-serve")] },
];
const candidates = all.filter(({ runtime }) => flags.only.split(",").includes(runtime));

/** Microseconds of processor time per request. */
interface Figures {
  readonly user: number;
  readonly system: number;
  readonly perSecond: number;
}

/** Loads a server for a phase; returns the requests that were answered, and how many a second. */
type Load = (url: string, warmUp: boolean) => Promise<{ answered: number; perSecond: number }>;

const phases: readonly { readonly title: string; readonly load: Load }[] = [
  { title: `on ${CONNECTIONS} kept connections`, load: keptConnections },
  { title: "each with a connection and a handshake of its own", load: newConnections },
];

const measured = new Map<string, Figures[][]>();

function makeCertificate(folder: string): [cert: string, key: string] {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const how = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const what = ["-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", cert];
  execFileSync(requireProgram("openssl", "openssl"), [...how, ...what], { stdio: "ignore" });
  return [cert, key];
}

async function keptConnections(url: string, warmUp: boolean): ReturnType<Load> {
  const options = { url, connections: CONNECTIONS, pipelined: false };
  const { requests, errors, duration } = await wrk({ ...options, seconds: warmUp ? 1 : seconds });
  if (errors > 0) throw new Error(`Cannot measure: ${errors} errors in ${requests} requests`);
  return { answered: requests, perSecond: (requests * 1e6) / duration };
}

/** By ab: to wrk, the end of a connection over TLS is an error. */
async function newConnections(url: string, warmUp: boolean): ReturnType<Load> {
  const requests = warmUp ? 500 : HANDSHAKES;
  const { complete, failed, perSecond } = await ab({ url, requests, keepAlive: false });
  if (failed > 0) throw new Error(`Cannot measure: ${failed} of ${requests} requests failed`);
  return { answered: complete, perSecond };
}

async function loaded(server: ServerProcess, url: string, load: Load): Promise<Figures> {
  await load(url, true);
  const before = server.processorTime();
  const { answered, perSecond } = await load(url, false);
  const after = server.processorTime();
  const per = (time: number): number => (time * 1e6) / answered;
  return {
    user: per(after.user - before.user),
    system: per(after.system - before.system),
    perSecond,
  };
}

async function measure(candidate: Candidate, files: readonly string[]): Promise<void> {
  const securePort = await freePort();
  const server = await ServerProcess.start((port) => [
    ...candidate.command,
    String(port),
    String(securePort),
    ...files,
  ]);
  try {
    const kept = measured.get(candidate.name) ?? phases.map(() => []);
    measured.set(candidate.name, kept);
    for (const [index, { load }] of phases.entries()) {
      kept[index]?.push(await loaded(server, `https://127.0.0.1:${securePort}/`, load));
    }
  } finally {
    await server.stop();
  }
}

const total = ({ user, system }: Figures): number => user + system;

function of({ name }: Candidate, phase: number, pick: (figures: Figures) => number): Spread {
  return spread((measured.get(name)?.[phase] ?? []).map(pick));
}

function ratio(candidate: Candidate, phase: number): string {
  const ours = candidates.find(({ runtime }) => runtime === candidate.runtime);
  if (ours === undefined || ours === candidate) return "";
  return (of(candidate, phase, total).median / of(ours, phase, total).median).toFixed(2);
}

function table(phase: number): string {
  const picks = [({ user }: Figures) => user, ({ system }: Figures) => system, total];
  const rows = candidates.map((candidate) => [
    candidate.name,
    ...picks.map((pick) => spreadText(of(candidate, phase, pick), 1)),
    spreadText(
      of(candidate, phase, ({ perSecond }) => perSecond),
      0,
    ),
    ratio(candidate, phase),
  ]);
  const head = ["server", "user µs", "system µs", "processor µs", "requests a second"];
  return markdownTable([...head, "peer ÷ ours"], rows);
}

function page(): string {
  const tables = phases.map(({ title }, phase) => `## Per request, ${title}\n\n${table(phase)}\n`);
  const tools = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return `# TLS

Written by \`bench/tls/run.ts\`. GETs of "Hello, world" over TLS 1.3, a P-256 certificate, wrk and ab on a core of their
own. Processor time is the server's, all threads. Medians of ${rounds} alternating rounds of ${seconds} s, each with a new server. Squall
speaks TLS by the runtime's \`node:tls\` over its own sockets, so that it behaves alike everywhere.

${tables.join("\n")}
${tools.join(", ")}; ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}
`;
}

if (!isSquallBuilt()) throw new Error("Cannot measure: run npm run build first");
linkSquall();
pinSelf();
const folder = mkdtempSync(join(tmpdir(), "squall-tls-"));
try {
  const files = makeCertificate(folder);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? candidates : candidates.toReversed();
    for (const candidate of order) await measure(candidate, files);
  }
} finally {
  rmSync(folder, { recursive: true });
}
const text = page();
console.log(text);
if (!flags.dry) writeFileSync(join(results, "tls.md"), text);
