/**
 * Measures the processor time that the web layer spends on a request: pages, cookies, JSON and
 * files, beside its peers, in alternating rounds. Writes bench/results/web.md and web-NAME.json.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wrk } from "../http/generator.ts";
import { type LoadOptions, loadOnce, type Round } from "../http/measure.ts";
import { linkSquall, requireProgram, results, versions } from "../http/runtimes.ts";
import { pinSelf, ServerProcess } from "../http/server-process.ts";
import { markdownTable, percent, spread, spreadText } from "../http/statistics.ts";
import { type Contender, type Subject, subjects } from "./subjects.ts";
import { measureUploads, type UploadRound, uploadTable } from "./upload.ts";

const { values: flags } = parseArgs({
  options: {
    /** Subjects, as in `page,static-1k,upload`; all if left out. */
    only: { type: "string", default: "" },
    /** Contenders whose name has this in it. */
    match: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    "warm-up": { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
    name: { type: "string", default: new Date().toISOString().slice(0, 10) },
    /** Prints and writes nothing to bench/results. */
    dry: { type: "boolean", default: false },
  },
});

/** A new server for each round: see `measure` in ../http/measure.ts. */
async function measure(subject: Subject, { name, command }: Contender): Promise<Round> {
  const { path, answer, keepsCookies } = subject;
  const server = await ServerProcess.start(command, answer);
  try {
    const headers = keepsCookies ? [`Cookie: ${await cookiesOf(server.url)}`] : [];
    const connections = Number(flags.connections);
    const load: LoadOptions = { seconds: Number(flags.seconds), warmUp: 0, connections };
    const url = new URL(path, server.url).href;
    const warmUp = Number(flags["warm-up"]);
    await wrk({ url, seconds: warmUp, connections, pipelined: false, headers });
    return await loadOnce(server, { name, pipelined: false }, { ...load, path, headers });
  } finally {
    await server.stop();
  }
}

/** The cookies that a server sets, once it has been seen to take them back. */
async function cookiesOf(url: string): Promise<string> {
  const response = await fetch(url);
  const cookies = response.headers.getSetCookie().map((text) => text.split(";", 1)[0]);
  const line = cookies.join("; ");
  const body = await (await fetch(url, { headers: { Cookie: line } })).text();
  if (body !== "somebody") throw new Error(`Cannot use the server: it refuses its own "${line}"`);
  return line;
}

interface Measured {
  readonly subject: Subject;
  readonly rounds: readonly Round[];
}

async function measureSubject(subject: Subject): Promise<Measured> {
  const rounds: Round[] = [];
  const failed = new Set<string>();
  for (let number = 1; number <= Number(flags.rounds); number++) {
    for (const contender of subject.contenders) {
      const { name } = contender;
      if (failed.has(name) || !name.includes(flags.match)) continue;
      try {
        const round = await measure(subject, contender);
        rounds.push(round);
        const { user, system, perSecond, errors, disturbance } = round;
        const times = `user ${user.toFixed(2)}  system ${system.toFixed(2)} µs`;
        const rest = `${perSecond.toFixed(0)}/s  disturbed ${percent(disturbance)}`;
        console.log(`${subject.name} ${name}: ${times}  ${rest}${errors > 0 ? " ERRORS" : ""}`);
      } catch (error) {
        failed.add(name);
        console.error(`${subject.name} ${name}: left out: ${error}`);
      }
    }
  }
  return { subject, rounds };
}

function section({ subject, rounds }: Measured): string {
  const of = (name: string) => rounds.filter((round) => round.candidate === name);
  const servers = subject.contenders.flatMap(({ name }) => {
    const own = of(name);
    if (own.length === 0) return [];
    const figure = (pick: (round: Round) => number) => spreadText(spread(own.map(pick)), 2);
    return [
      [
        name,
        figure(({ user }) => user),
        figure(({ system }) => system),
        figure(({ total }) => total),
        spread(own.map(({ perSecond }) => perSecond)).median.toFixed(0),
        String(own.reduce((sum, { errors }) => sum + errors, 0)),
        percent(spread(own.map(({ disturbance }) => disturbance)).median),
      ],
    ];
  });
  const bars = subject.bars.flatMap(({ ours, peer, measure: by, least }) => {
    const median = (name: string) => spread(of(name).map((round) => round[by])).median;
    const ratio = median(peer) / median(ours);
    // Nothing was measured of one of them, or so slow a server answered nothing in its time.
    if (!Number.isFinite(ratio)) return [];
    const cells = [ours, peer, by, ratio.toFixed(2), least.toFixed(1)];
    return [[...cells, ratio >= least ? "yes" : "**no**"]];
  });
  return [
    `## ${subject.title}`,
    markdownTable(["ours", "peer", "time", "peer ÷ ours", "bar", "reached"], bars),
    markdownTable(
      ["server", "user µs", "system µs", "total µs", "requests/s", "errors", "disturbance"],
      servers,
    ),
  ].join("\n\n");
}

function page(measured: readonly Measured[], uploads: readonly UploadRound[]): string {
  const environment = {
    date: new Date().toISOString(),
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    kernel: release(),
    ...versions(),
    load: `wrk -t1 -c${flags.connections} -d${flags.seconds}s, ${flags.rounds} rounds`,
    "load average": loadavg()[0]?.toFixed(2),
  };
  return [
    "# The web layer: processor time per request",
    "Written by `bench/web/run.ts`; what the figures mean is in `bench/README.md`. Figures are " +
      "medians of the rounds, with the least and the most in parentheses.",
    Object.entries(environment)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    ...measured.map(section),
    ...(uploads.length === 0 ? [] : [uploadTable(uploads)]),
    "",
  ].join("\n\n");
}

async function main(): Promise<void> {
  requireProgram("wrk", "wrk");
  requireProgram("taskset", "util-linux");
  linkSquall();
  pinSelf();
  const only = flags.only.split(",").filter((word) => word !== "");
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-"));
  try {
    const measured: Measured[] = [];
    for (const subject of subjects(folder)) {
      if (only.length === 0 || only.includes(subject.name)) {
        measured.push(await measureSubject(subject));
      }
    }
    const isAsked = only.length === 0 || only.includes("upload");
    const uploads = isAsked ? await measureUploads(folder, Number(flags.rounds)) : [];
    const text = page(measured, uploads);
    console.log(`\n${text}`);
    if (flags.dry) return;
    const data = { rounds: measured.map(({ subject, rounds }) => [subject.name, rounds]), uploads };
    writeFileSync(join(results, `web-${flags.name}.json`), `${JSON.stringify(data, null, 1)}\n`);
    writeFileSync(join(results, "web.md"), text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
