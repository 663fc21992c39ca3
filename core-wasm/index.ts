// Every export of the core, nothing else. Results at or above zero are counts, below zero a status.

export { base64Decode, base64Encode } from "./base64";
export { contentHash, hash, hashFinal, hashInit, hashUpdate } from "./crypto/hash";
export { hex, unhex } from "./hex";
export { decodeChunked } from "./http/chunked";
export { parseRequestHead, parseResponseHead } from "./http/head";
