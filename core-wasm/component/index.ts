// Every export of the component's module. A name is `interface_function` or
// `interface_resource_function` of core.wit, which tools/component-exports.ts makes the name that
// the canonical ABI asks for.

export { cabi_realloc } from "./arena";
export {
  contentVersion as hashing_contentVersion,
  createHasher as hashing_hasher_create,
  digest as hashing_digest,
  dropHasher as hashing_hasher_drop,
  finish as hashing_hasher_digest,
  update as hashing_hasher_update,
} from "./hashing";
export {
  createDecoder as http_chunkedDecoder_create,
  decode as http_chunkedDecoder_decode,
  dropDecoder as http_chunkedDecoder_drop,
  headerNames as http_headerNames,
  methodNames as http_methodNames,
  parseRequest as http_parseRequest,
  parseResponse as http_parseResponse,
} from "./http";
export {
  createScanner as multipart_scanner_create,
  dropScanner as multipart_scanner_drop,
  parsePartHead as multipart_parsePartHead,
  scan as multipart_scanner_scan,
} from "./multipart";
export {
  createSigner as signing_signer_create,
  decodeXsrfToken as signing_decodeXsrfToken,
  dropSigner as signing_signer_drop,
  encodeXsrfToken as signing_encodeXsrfToken,
  equal as signing_equal,
  hmacSha1 as signing_signer_hmacSha1,
  hmacSha256 as signing_signer_hmacSha256,
  keyVersion as signing_keyVersion,
  sign as signing_signer_sign,
  signV1 as signing_signer_signV1,
  verify as signing_signer_verify,
} from "./signing";
export { tokenize as template_tokenize } from "./template";
export {
  mask as websocket_mask,
  parseFrameHead as websocket_parseFrameHead,
  validateUtf8 as websocket_validateUtf8,
} from "./websocket";
