// The checks as exports without parameters, for `wasm-interp --run-all-exports`: 0 is good.

export {
  chunkedBodies,
  digests,
  encodings,
  frames,
  messageCodes,
  requests,
  responses,
  signedValues,
  streams,
  templates,
  texts,
} from "./checks";
