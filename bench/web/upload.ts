/** The memory that a server adds while it takes an upload of 100 MiB. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bun, deno, node, root } from "../http/runtimes.ts";
import { ServerProcess } from "../http/server-process.ts";
import { markdownTable, spread, spreadText } from "../http/statistics.ts";

const MIB = 1024 * 1024;
const SIZE = 100 * MIB - 4096;
/** Most MiB that may be added. */
const BAR = 16;
const PIECE = Buffer.alloc(256 * 1024, "Uploaded. ");

export interface UploadRound {
  readonly server: string;
  /** MiB of resident memory above what the server had before, at the most. */
  readonly added: number;
  readonly seconds: number;
}

const script = join(root, "bench", "web", "servers", "upload.js");
const denoRun = [deno, "run", "--no-prompt", "--config", join(root, "deno.json"), "-A"];
const servers: Readonly<Record<string, readonly string[]>> = {
  "squall on node": [node],
  "squall on bun": [bun, "run"],
  "squall on deno": denoRun,
};

/** Uploads to each server in turn, `rounds` times. */
export async function measureUploads(folder: string, rounds: number): Promise<UploadRound[]> {
  const measured: UploadRound[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [server, runtime] of Object.entries(servers)) {
      const one = await measure(server, [...runtime, script], folder);
      console.log(`upload ${server}: ${one.added.toFixed(1)} MiB added`);
      measured.push(one);
    }
  }
  return measured;
}

async function measure(
  name: string,
  start: readonly string[],
  folder: string,
): Promise<UploadRound> {
  const server = await ServerProcess.start((port) => [...start, String(port), folder]);
  try {
    // What the code for uploads takes is not what an upload takes.
    await upload(server.port, 3 * MIB);
    await sleep(200);
    const before = server.residentMemory();
    const begin = performance.now();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, server.residentMemory());
    }, 5);
    const answer = await upload(server.port, SIZE).finally(() => clearInterval(watch));
    if (!answer.endsWith(`\r\n\r\n${SIZE}`)) throw new Error(`Cannot upload: "${answer}"`);
    const seconds = (performance.now() - begin) / 1000;
    return { server: name, added: (most - before) / 1024, seconds };
  } finally {
    await server.stop();
  }
}

/** Sends a form with one file; resolves with the answer. */
async function upload(port: number, size: number): Promise<string> {
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';
  const tail = "\r\n--b--\r\n";
  const length = head.length + size + tail.length;
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  const closed = once(socket, "close");
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\n\r\n${head}`,
  );
  for (let left = size; left > 0; left -= PIECE.length) {
    const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
    if (!socket.write(piece)) await once(socket, "drain");
  }
  socket.write(tail);
  await closed;
  return answer;
}

/** The section of the results' page. */
export function uploadTable(rounds: readonly UploadRound[]): string {
  const rows = Object.keys(servers).map((server) => {
    const own = rounds.filter((round) => round.server === server);
    const added = spread(own.map((round) => round.added));
    const speed = spread(own.map(({ seconds }) => SIZE / MIB / seconds)).median;
    const isReached = added.median < BAR;
    return [server, spreadText(added, 1), `${BAR}`, isReached ? "yes" : "**no**", speed.toFixed(0)];
  });
  const head = ["server", "MiB added at the most", "bar, below", "reached", "MiB/s"];
  return `## A multipart upload of 100 MiB\n\n${markdownTable(head, rows)}`;
}
