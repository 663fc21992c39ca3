/** Fetches a URL and is done: nothing is closed. */
import process from "node:process";
import { AsyncHTTPClient } from "../../../src/httpclient.ts";

const [url = ""] = process.argv.slice(2);
const client = new AsyncHTTPClient({ idleConnectionTimeout: 0.05 });
const { code } = await client.fetch(url, { requestTimeout: 300 });
console.log(`code ${code}`);
