// tmp-drive.ts seconds size binary -- command...  (PORT replaced)
import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tell } from "../http/client-process.ts";
import { node } from "../http/runtimes.ts";
import { LOAD_CORE, spawnPinned, pinSelf } from "../http/server-process.ts";
pinSelf();
const [secs, size, binary, ...cmd] = process.argv.slice(2);
const port = 20000 + Math.floor(Math.random() * 20000);
const out = openSync("/tmp/drive.out", "w");
const s = spawn("taskset", ["-c", "0", ...cmd.map((c) => c.replace("PORT", String(port)))], { stdio: ["ignore", out, out] });
for (let i = 0; i < 200; i++) { try { await fetch(`http://127.0.0.1:${port}/`); break; } catch { await new Promise((r) => setTimeout(r, 30)); } }
const client = spawnPinned([node, join(import.meta.dirname, "load.ts")], { core: LOAD_CORE, stdio: ["ignore", "inherit", "inherit", "ipc"] });
const cpu = () => { const f = readFileSync(`/proc/${s.pid}/stat`, "utf8").split(") ")[1]!.split(" "); return [Number(f[11]) * 1e4, Number(f[12]) * 1e4] as const; };
await tell(client, { do: "open", port, path: "/echo", count: 64 });
await tell(client, { do: "echo", size: Number(size), binary: binary === "1", seconds: 1 });
for (let r = 0; r < Number(process.env.R ?? 1); r++) {
const b = cpu(); let done = 0;
for (const t = Date.now(); Date.now() - t < Number(secs) * 1000; ) done += (await tell<any, any>(client, { do: "echo", size: Number(size), binary: binary === "1", seconds: 1 })).done;
const a = cpu();
const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${s.pid}/status`, "utf8"))![1];
console.log(`user ${((a[0] - b[0]) / done).toFixed(2)} sys ${((a[1] - b[1]) / done).toFixed(2)} n ${done} rss ${(Number(rss)/1024).toFixed(0)} MiB`);
}
client.kill("SIGKILL"); s.kill("SIGTERM");
setTimeout(() => s.kill("SIGKILL"), 500).unref();
