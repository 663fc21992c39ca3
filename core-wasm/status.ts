/**
 * What an export of the core answers when it does not answer a count: results at or above zero are
 * bytes consumed (or a length), results below zero are one of these. Plain constants: asc and tsc
 * both compile this file. `src/core.ts` gives each its words; the protocol that asked turns it into
 * an error and an HTTP status.
 */

/** The message is not complete; call again with more bytes. */
export const NEED_DATA: i32 = -1;
/** 400: the request line is not `method SP target SP HTTP/1.x CRLF` (RFC 9112 section 3). */
export const BAD_REQUEST_LINE: i32 = -2;
/** 400: the method is not a token (RFC 9110 section 5.6.2). */
export const BAD_METHOD: i32 = -3;
/** 400: the target has a byte that no form of it allows, or its form does not fit the method. */
export const BAD_TARGET: i32 = -4;
/** 505: the version is well formed but not HTTP/1.0 or HTTP/1.1. */
export const BAD_VERSION: i32 = -5;
/** 400: a header name is empty, is not a token, or blanks stand before its colon. */
export const BAD_HEADER_NAME: i32 = -6;
/** 400: a header value has a control byte (RFC 9110 section 5.5). */
export const BAD_HEADER_VALUE: i32 = -7;
/** 400: a line ends in a bare LF, or has a CR that no LF follows. */
export const BAD_LINE_END: i32 = -8;
/** 400: a header line is folded (RFC 9112 section 5.2, obs-fold). */
export const FOLDED_HEADER: i32 = -9;
/** 400: Content-Length is repeated, a list, not all digits, or above 2^53 - 1. */
export const BAD_CONTENT_LENGTH: i32 = -10;
/** 400: Transfer-Encoding is malformed, repeated, or chunked is not its one last coding. */
export const BAD_TRANSFER_ENCODING: i32 = -11;
/** 501: a transfer coding other than chunked. */
export const UNKNOWN_TRANSFER_CODING: i32 = -12;
/** 400: Content-Length together with Transfer-Encoding (RFC 9112 section 6.3, smuggling). */
export const LENGTH_AND_CODING: i32 = -13;
/** 400: Transfer-Encoding in an HTTP/1.0 message (RFC 9112 section 6.1). */
export const CODING_IN_HTTP_10: i32 = -14;
/** 400: no Host in an HTTP/1.1 request, more than one, or one that is not `host [":" port]`. */
export const BAD_HOST: i32 = -15;
/** 431: more headers than allowed. */
export const TOO_MANY_HEADERS: i32 = -16;
/** 414: the target is longer than allowed. */
export const TARGET_TOO_LONG: i32 = -17;
/** 400: a chunk's size line is not hexadecimal digits and well-formed extensions. */
export const BAD_CHUNK_SIZE: i32 = -18;
/** 400: a chunk's data is not followed by CRLF. */
export const BAD_CHUNK_END: i32 = -19;
/** 400: chunk extensions take more bytes than allowed. */
export const CHUNK_EXTENSION_TOO_LONG: i32 = -20;
/** 431: trailers take more bytes, or are more, than allowed. */
export const TRAILERS_TOO_LARGE: i32 = -21;
/** 400: a trailer that would change framing or routing (RFC 9110 section 6.5.1). */
export const FORBIDDEN_TRAILER: i32 = -22;
/** 400: the status line is not `HTTP/1.x SP 3digits SP reason CRLF` (RFC 9112 section 4). */
export const BAD_STATUS_LINE: i32 = -23;
/** 417: Expect has a value other than 100-continue (RFC 9110 section 10.1.1). */
export const UNKNOWN_EXPECTATION: i32 = -24;
/** The text is not hexadecimal digits, two for each byte. */
export const BAD_HEX: i32 = -25;
/** The text is not base 64. */
export const BAD_BASE64: i32 = -26;
/** A signed value, or an XSRF token, is not of a form that is known. */
export const BAD_SIGNED_VALUE: i32 = -27;
/** A signed value's signature is not the one its bytes have under the key. */
export const BAD_SIGNATURE: i32 = -28;
/** A signed value was signed under another name. */
export const WRONG_NAME: i32 = -29;
/** A signed value is older than asked for. */
export const EXPIRED: i32 = -30;
/** A signed value of version 1 is from the future, or its time has a leading zero: tampered with. */
export const BAD_TIMESTAMP: i32 = -31;
/** A frame has reserved bits that no extension uses there (RFC 6455 section 5.2). */
export const BAD_RESERVED_BITS: i32 = -32;
/** A frame's opcode is reserved. */
export const BAD_OPCODE: i32 = -33;
/** A control frame is fragmented, or has more than 125 bytes (RFC 6455 section 5.5). */
export const BAD_CONTROL_FRAME: i32 = -34;
/** A client's frame is not masked, or a server's is (RFC 6455 section 5.1). */
export const BAD_MASKING: i32 = -35;
/** A frame's length is not in its shortest form, or is above 2^53 - 1. */
export const BAD_FRAME_LENGTH: i32 = -36;
/** Text is not UTF-8. */
export const BAD_UTF8: i32 = -37;
/** A template has `{{ }}` with nothing in it. */
export const EMPTY_EXPRESSION: i32 = -38;
/** A template has `{% %}` with nothing in it. */
export const EMPTY_BLOCK: i32 = -39;
/** A template ends inside `{{`. */
export const MISSING_EXPRESSION_END: i32 = -40;
/** A template ends inside `{%`. */
export const MISSING_BLOCK_END: i32 = -41;
/** A template ends inside `{#`. */
export const MISSING_COMMENT_END: i32 = -42;
/** 400: a multipart body does not begin with its boundary. */
export const MISSING_BOUNDARY: i32 = -43;
/** 400: a boundary is followed neither by two dashes nor by a line end. */
export const BAD_BOUNDARY_LINE: i32 = -44;
/** 400: a part's head is longer than allowed. */
export const PART_HEAD_TOO_LARGE: i32 = -45;
