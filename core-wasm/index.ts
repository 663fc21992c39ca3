// Every export of the core, nothing else. Results at or above zero are counts, below zero a status.

export { decodeChunked } from "./http/chunked";
export { parseRequestHead, parseResponseHead } from "./http/head";
