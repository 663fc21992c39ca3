/** Fetches a URL twice, at rest in between, and is done: nothing is closed. */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { AsyncHTTPClient } from "../../../src/httpclient.ts";

const [url = "", caCerts] = process.argv.slice(2);
const client = new AsyncHTTPClient({ idleConnectionTimeout: 300 });
const options = { requestTimeout: 300, ...(caCerts !== undefined && { caCerts }) };
const first = await client.fetch(url, options);
// The kept connection does not keep the process running; a fetch over it does.
await setTimeout(10);
const second = await client.fetch(url, options);
console.log(`codes ${first.code} ${second.code}, ${client.idleConnections} idle`);
