/** Connects to where nobody answers, gives up, and is done. */
import process from "node:process";
import { HTTPClient } from "../../../src/httpclient.ts";
import { TCPClient } from "../../../src/tcpclient.ts";

const port = Number(process.argv[2]);
const settings = { connectTimeout: 0.05, requestTimeout: 60 };
const fetching = new HTTPClient().fetch(`http://127.0.0.1:${port}/`, settings);
const connecting = new TCPClient().connect("127.0.0.1", port, { timeout: 0.05 });
const messages = [fetching, connecting].map((waiting) =>
  waiting.then(
    () => "done",
    (error: Error) => error.message,
  ),
);
console.log((await Promise.all(messages)).join("\n"));
