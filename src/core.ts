/**
 * The WebAssembly core, typed. What knows WebAssembly and the core's memory map is in the folder
 * core/; everything else imports it from here.
 */

export { NEED_DATA } from "../core-wasm/status.ts";
export { CHUNKED_WORDS, chunkedProgress } from "./core/chunked-progress.ts";
export { contentHashOf, entityTagOf } from "./core/content-hash.ts";
export * from "./core/crypto.ts";
export * from "./core/http.ts";
export { newLarge } from "./core/large-memory.ts";
export { build, transferMemory } from "./core/load.ts";
export {
  asciiAt,
  CARRY_CAPACITY,
  CARRY_START,
  copyBytes,
  LARGEST_HEAD,
  MOST_HEADERS,
  moveBytes,
  OUTPUT_CAPACITY,
  putBytes,
  putLatin1,
  putText,
  putUtf8,
  takeBytes,
  textAt,
  utf8Bytes,
  utf8Length,
  viewBytes,
} from "./core/memory.ts";
export {
  LARGEST_PART_HEAD,
  type MultipartEvent,
  MultipartScanner,
  PART_DATA,
  PART_END,
  PART_HEAD,
  PART_HEAD_PIECE,
  PART_HEAD_TOO_LARGE,
  PART_WITHHELD,
  PARTS_END,
  readPartHead,
} from "./core/multipart.ts";
export { type ParsedResponseHead, readResponseHead } from "./core/parsed-response.ts";
export {
  headerId,
  headFlags,
  headTable,
  readFields,
  readResponseFields,
  takeRequestHead,
} from "./core/request-head.ts";
export * from "./core/response-head.ts";
export * from "./core/signing.ts";
export * from "./core/template.ts";
export * from "./core/websocket.ts";
