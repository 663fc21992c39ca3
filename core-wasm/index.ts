// Every export of the core, nothing else. Results at or above zero are counts, below zero a status.

export { parseRequestHead, parseResponseHead } from "./http/head";
