/**
 * Sends files to `file_receiver.ts`, read while they are sent. Run it with
 * `node file_uploader.ts [--put] [--url=URL] FILE…`: as a form, or with `--put` each as a body.
 */

import { createReadStream } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { toUnicode } from "squall/escape";
import { AsyncHTTPClient, HTTPClientError, type HTTPClientResponse } from "squall/httpclient";
import { encodeHeader } from "squall/httputil";
import { define, parseCommandLine } from "squall/options";

const url = define("url", { default: "http://localhost:8888/", help: "Where to send the files" });
const put = define("put", { default: false, help: "Send each file as the body of a PUT" });
const files = parseCommandLine();
if (files.length === 0) {
  console.error("Usage: file_uploader.ts [--put] [--url=URL] FILE…");
  process.exit(2);
}

const client = new AsyncHTTPClient();
type Write = (chunk: string | Uint8Array) => Promise<void>;

async function writeFile(path: string, write: Write): Promise<void> {
  for await (const chunk of createReadStream(path)) await write(chunk);
}

/** All files as one form. A boundary that nobody can guess is in none of them. */
function postAll(paths: readonly string[]): Promise<HTTPClientResponse> {
  const boundary = `squall-${crypto.randomUUID()}`;
  const bodyProducer = async (write: Write): Promise<void> => {
    for (const path of paths) {
      const names = { name: "files", filename: basename(path) };
      const disposition = encodeHeader("form-data", names);
      await write(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n\r\n`);
      await writeFile(path, write);
      await write("\r\n");
    }
    await write(`--${boundary}--\r\n`);
  };
  const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
  return client.fetch(url.value, { method: "POST", headers, bodyProducer });
}

function putOne(path: string): Promise<HTTPClientResponse> {
  const target = new URL(encodeURIComponent(basename(path)), url.value).href;
  return client.fetch(target, { method: "PUT", bodyProducer: (write) => writeFile(path, write) });
}

try {
  const answers = await Promise.all(put.value ? files.map(putOne) : [postAll(files)]);
  for (const { body } of answers) console.log(toUnicode(body));
} catch (error) {
  if (!(error instanceof HTTPClientError)) throw error;
  console.error(`${url.value}: ${error.message}`);
  process.exitCode = 1;
}
client.close();
