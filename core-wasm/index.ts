// Every export of the core, nothing else. Results at or above zero are counts, below zero a status.

export { base64Decode, base64Encode } from "./base64";
export { equal } from "./crypto/equal";
export { contentHash, hash, hashFinal, hashInit, hashUpdate } from "./crypto/hash";
export { hmac, hmacKey } from "./crypto/hmac";
export { keyVersionOf, signValueV1, signValueV2, verifyValue } from "./crypto/signed-value";
export { decodeXsrfToken, encodeXsrfToken } from "./crypto/xsrf";
export { hex, unhex } from "./hex";
export { decodeChunked } from "./http/chunked";
export { parseRequestHead, parseResponseHead } from "./http/head";
export { takeRequestHead } from "./http/known-heads";
export { parsePartHead, scanMultipart } from "./http/multipart";
export { putResponseHead } from "./http/response-head";
export { tokenize } from "./template/tokenizer";
export { parseFrameHead } from "./websocket/frame";
export { mask } from "./websocket/mask";
export { validateUtf8 } from "./websocket/utf8";
