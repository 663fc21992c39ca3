/**
 * Serves uploads that are put into the folder given as its argument, and uploads to itself: three
 * files of 5 MB, then a page. Prints the statuses once the folder is empty again. With `exit` as
 * its second argument the process ends inside the handler instead.
 */
import { readdirSync } from "node:fs";
import { setParseBodyConfig } from "../../../src/httputil.ts";
import { setLogLevel } from "../../../src/log.ts";
import { Application, type HTTPFile, RequestHandler } from "../../../src/web.ts";
import { until } from "../../support/until.ts";

const [directory = "", mode] = process.argv.slice(2);
setParseBodyConfig({ multipart: { directory } });
setLogLevel("none");

class Upload extends RequestHandler {
  get(): string {
    return "here";
  }
  post(): string {
    const file = this.request.files.get("f")?.[0] as HTTPFile;
    if (mode === "exit") {
      console.log(readdirSync(directory).length, file.size);
      process.exit();
    }
    return String(file.size);
  }
}

const server = await new Application([["/", Upload]]).listen(0, "127.0.0.1");
const url = `http://127.0.0.1:${server.addresses[0]?.port}/`;
const statuses: number[] = [];
for (let round = 0; round < 3; round++) {
  const form = new FormData();
  form.set("f", new Blob([new Uint8Array(5_000_000)]), "f");
  statuses.push((await fetch(url, { method: "POST", body: form })).status);
}
statuses.push((await fetch(url)).status);
await until(() => readdirSync(directory).length === 0);
console.log(statuses.join(" "));
process.exit();
