/**
 * The WebAssembly core, typed. What knows WebAssembly and the core's memory map is in the folder
 * core/; everything else imports it from here.
 */

export * from "./core/http.ts";
export { build, memory, table, transferMemory } from "./core/load.ts";
