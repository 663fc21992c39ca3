/**
 * Runs ApacheBench as the Tornado benchmarks do, `ab -n 100000 -c 25`, with and without `-k`, on
 * every host of Squall and on Python Tornado. No request may fail. See bench/README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Candidate, candidates, hosts, select } from "./candidates.ts";
import { type AbResult, ab } from "./generator.ts";
import { isSquallBuilt, linkSquall, requireProgram, results, versions } from "./runtimes.ts";
import { pinSelf, ServerProcess } from "./server-process.ts";
import { markdownTable } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    requests: { type: "string", default: "100000" },
    dry: { type: "boolean", default: false },
  },
});

interface Row extends AbResult {
  readonly candidate: string;
  readonly title: string;
  readonly keepAlive: boolean;
  /** The server's processor time per request, in microseconds. */
  readonly user: number;
  readonly total: number;
  /** Every request was answered, and with `-k` every connection was kept. */
  readonly passed: boolean;
}

async function runOnce(candidate: Candidate, keepAlive: boolean): Promise<Row> {
  const requests = Number(flags.requests);
  const server = await ServerProcess.start(candidate.command);
  try {
    const before = server.processorTime();
    const result = await ab({ url: server.url, requests, keepAlive });
    const after = server.processorTime();
    const user = ((after.user - before.user) * 1e6) / requests;
    const system = ((after.system - before.system) * 1e6) / requests;
    const isWhole = result.complete === requests && result.failed === 0 && result.non2xx === 0;
    return {
      candidate: candidate.name,
      title: candidate.title,
      keepAlive,
      ...result,
      user,
      total: user + system,
      passed: isWhole && (!keepAlive || result.keptAlive === requests),
    };
  } finally {
    await server.stop();
  }
}

function table(rows: readonly Row[]): string {
  const head = ["server", "-k", "complete", "failed", "not 2xx", "kept alive", "requests/s"];
  return markdownTable(
    [...head, "p99 ms", "user µs", "total µs", "passed"],
    rows.map((row) => [
      row.title,
      row.keepAlive ? "yes" : "no",
      String(row.complete),
      String(row.failed),
      String(row.non2xx),
      String(row.keptAlive),
      row.perSecond.toFixed(0),
      String(row.p99),
      row.user.toFixed(1),
      row.total.toFixed(1),
      row.passed ? "yes" : "**no**",
    ]),
  );
}

/** Squall as it is by default, with ETag, on each host; and Tornado as it is by default. */
function selected(): Candidate[] {
  if (flags.only !== undefined) return select(flags.only.split(","));
  const names = [...hosts.map(({ name }) => `${name}-etag`), "tornado-etag"];
  return candidates().filter(({ name }) => names.includes(name));
}

async function main(): Promise<void> {
  requireProgram("ab", "apache2-utils");
  linkSquall();
  if (!isSquallBuilt()) console.error("Squall is not built (npm run build): peers alone");
  pinSelf();
  const rows: Row[] = [];
  for (const candidate of selected()) {
    for (const keepAlive of [true, false]) {
      try {
        const row = await runOnce(candidate, keepAlive);
        rows.push(row);
        const flag = keepAlive ? "-k" : "  ";
        console.log(
          `${row.candidate.padEnd(24)} ${flag} failed ${row.failed}  ${row.perSecond}/s  ` +
            `kept ${row.keptAlive}  total ${row.total.toFixed(1)} µs`,
        );
      } catch (error) {
        console.error(`${candidate.name}: ${error}`);
        process.exitCode = 1;
      }
    }
  }
  if (rows.some(({ passed }) => !passed)) process.exitCode = 1;
  const environment = { date: new Date().toISOString(), ...versions() };
  const facts = Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`);
  const title = `# ab -n ${flags.requests} -c 25`;
  const text = [title, facts.join("\n"), table(rows), ""].join("\n\n");
  console.log(`\n${text}`);
  if (flags.dry) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "ab.json"), `${JSON.stringify({ environment, rows }, null, 1)}\n`);
  writeFileSync(join(results, "ab.md"), text);
}

await main();
