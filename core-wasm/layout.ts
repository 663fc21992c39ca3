/**
 * Where everything lies in the core's one, fixed memory. Plain constants, each region derived from
 * the one before: asc compiles this file into the core, tsc into `src/core.ts`.
 *
 * ```
 *  0        1 KiB     32 KiB   40 KiB     48 KiB    112 KiB  176 KiB    192 KiB   448 KiB   1472 KiB
 *  ┌────────┬─────────┬────────┬──────────┬─────────┬────────┬──────────┬─────────┬─────────┬ ─ ─ ┐
 *  │ unused │ STATIC  │ TABLE  │ KEYS     │ SCRATCH │ CARRY  │ EVENTS   │ INPUT   │ OUTPUT  │ ... │
 *  └────────┴─────────┴────────┴──────────┴─────────┴────────┴──────────┴─────────┴─────────┴ ─ ─ ┘
 * ```
 * The memory is reserved once and never grows, so views of it never go stale; pages that are not
 * touched cost nothing.
 */

/** Bytes of a WebAssembly page. */
export const PAGE: i32 = 65536;
/** Writable bytes that follow every input: the parser's sentinel, and loads that run over. */
export const SLACK: i32 = 64;

/** asc's own data: tables written as literals. `memoryBase` in asconfig.json. */
export const STATIC: i32 = 1024;
/** The span table: what the last call found. Words of 32 bits, the indices are below. */
export const TABLE: i32 = 32 * 1024;
export const TABLE_LENGTH: i32 = 8 * 1024;
/** Prepared signing keys, in slots: the two HMAC states of SHA-256, then those of SHA-1. */
export const KEYS: i32 = TABLE + TABLE_LENGTH;
export const KEYS_LENGTH: i32 = 8 * 1024;
export const KEY_LENGTH: i32 = 128;
/** Short-lived arguments. */
export const SCRATCH: i32 = KEYS + KEYS_LENGTH;
export const SCRATCH_LENGTH: i32 = 64 * 1024;
/** A head that arrived in pieces, put together. The last SLACK bytes are kept free. */
export const CARRY: i32 = SCRATCH + SCRATCH_LENGTH;
export const CARRY_LENGTH: i32 = 64 * 1024;
/** Readiness batches, exchanged between an epoll host and its native code. */
export const EVENTS: i32 = CARRY + CARRY_LENGTH;
export const EVENTS_LENGTH: i32 = 16 * 1024;
/** Received bytes. A host leaves SLACK bytes after what it puts here. */
export const INPUT: i32 = EVENTS + EVENTS_LENGTH;
export const INPUT_LENGTH: i32 = 256 * 1024;
/** Bytes to send. */
export const OUTPUT: i32 = INPUT + INPUT_LENGTH;
export const OUTPUT_LENGTH: i32 = 1024 * 1024;
/** The name of the last signed value, kept from one call to the next. */
export const NAME: i32 = OUTPUT + OUTPUT_LENGTH;
export const NAME_LENGTH: i32 = 16 * 1024;
/** Digests and other short results, as bytes or as hexadecimal digits. */
export const DIGEST: i32 = NAME + NAME_LENGTH;
export const DIGEST_LENGTH: i32 = 2 * 1024;
/** The state of the streaming hash, and of hashes that end in one call. */
export const HASH: i32 = DIGEST + DIGEST_LENGTH;
export const HASH_LENGTH: i32 = 3 * 1024;
export const HASH_ONCE: i32 = HASH + HASH_LENGTH;
/** A window for long inputs that pass through the core: hashing, masking, templates. */
export const WINDOW: i32 = HASH_ONCE + HASH_LENGTH;
export const WINDOW_LENGTH: i32 = 548 * 1024;
/** The beginning that most responses share, ready to be copied. */
export const PREFIX: i32 = WINDOW + WINDOW_LENGTH;
export const PREFIX_LENGTH: i32 = 2 * 1024;
/** Entity tags of short texts that are likely to be answered again: 32 digits for each. */
export const TAGS: i32 = PREFIX + PREFIX_LENGTH;
export const TAGS_LENGTH: i32 = 2 * 1024;
export const TAG_LENGTH: i32 = 32;
/** Numbers that `putResponseHead` takes for a line to leave out, and for a tag in TAGS. */
export const NO_LINE: i32 = -1;
export const KNOWN_TAG: i32 = -2;

/** Heads of requests that are likely to come again, in slots. */
export const KNOWN_HEADS: i32 = TAGS + TAGS_LENGTH;
export const KNOWN_HEADS_COUNT: i32 = 64;
export const KNOWN_HEADS_LENGTH: i32 = 64 * 1024;
export const LONGEST_KNOWN_HEAD: i32 = KNOWN_HEADS_LENGTH / KNOWN_HEADS_COUNT - 16;

/** `initialMemory` and `maximumMemory` in asconfig.json. */
export const MEMORY_PAGES: i32 = (KNOWN_HEADS + KNOWN_HEADS_LENGTH) / PAGE;

/*
 * The span table after parseRequestHead, as indices of 32-bit words. Offsets count from the start
 * of the input that was parsed.
 */

/** Bytes the head takes, its empty line and any skipped leading CRLF included. */
export const HEAD_LENGTH: i32 = 0;
/** Where the method starts, after a skipped CRLF. */
export const METHOD_START: i32 = 1;
export const METHOD_LENGTH: i32 = 2;
/** Index into METHODS of `core-wasm/http/names.ts`; 0 for a method that is not there. */
export const METHOD_ID: i32 = 3;
export const TARGET_START: i32 = 4;
export const TARGET_LENGTH: i32 = 5;
/** One of the FORM_ constants. */
export const TARGET_FORM: i32 = 6;
/** Where the path starts and ends: the whole target but for absolute form and for a query. */
export const PATH_START: i32 = 7;
export const PATH_LENGTH: i32 = 8;
/** Where the query starts, after its "?"; 0 without one. It ends where the target ends. */
export const QUERY_START: i32 = 9;
/** 0 or 1, of HTTP/1.x. */
export const MINOR_VERSION: i32 = 10;
/** FLAG_ bits. */
export const FLAGS: i32 = 11;
/** Content-Length, low and high 32 bits. */
export const CONTENT_LENGTH_LOW: i32 = 12;
export const CONTENT_LENGTH_HIGH: i32 = 13;
/** Where the parser stood when it found an error. */
export const ERROR_POSITION: i32 = 14;
export const HEADER_COUNT: i32 = 15;
/** Which known headers are present: bit `id & 31` of word `PRESENT + (id >> 5)`, four words. */
export const PRESENT: i32 = 16;
/** The host, from the absolute-form target if there is one, else from Host; as the peer wrote it. */
export const HOST_START: i32 = 20;
export const HOST_LENGTH: i32 = 21;
/** After takeRequestHead: the slot that has this head, from 1 up; below 0 if it is new there. */
export const KNOWN_HEAD: i32 = 22;
/** The head is in no slot. */
export const UNKNOWN_HEAD: i32 = 0;
/** After parseResponseHead: the status code, and the reason where the target would be. */
export const STATUS_CODE: i32 = 3;
export const REASON_START: i32 = 4;
export const REASON_LENGTH: i32 = 5;
/** First row of the header table: name start, name length | id << 16, value start, value length. */
export const HEADERS: i32 = 24;
export const HEADER_WORDS: i32 = 4;
/** Most headers that the table holds; a setting may ask for fewer. */
export const MAX_HEADERS: i32 = 480;

export const FORM_ORIGIN: i32 = 1;
export const FORM_ABSOLUTE: i32 = 2;
export const FORM_AUTHORITY: i32 = 3;
export const FORM_ASTERISK: i32 = 4;

/** The connection may serve another message (RFC 9112 section 9.3), all of Connection considered. */
export const FLAG_KEEP_ALIVE: i32 = 1;
export const FLAG_CHUNKED: i32 = 2;
export const FLAG_HAS_LENGTH: i32 = 4;
/** Expect: 100-continue in an HTTP/1.1 request. */
export const FLAG_EXPECT_CONTINUE: i32 = 8;
/** Connection has the option upgrade, and there is an Upgrade header. */
export const FLAG_UPGRADE: i32 = 16;
/** The target has a "%". */
export const FLAG_PERCENT: i32 = 32;
/** The Connection header has the option keep-alive: HTTP/1.0 peers want it confirmed. */
export const FLAG_KEEP_ALIVE_ASKED: i32 = 64;
/** The Connection header has the option close. */
export const FLAG_CLOSE_ASKED: i32 = 128;
/** The Connection header has the option upgrade. */
export const FLAG_UPGRADE_ASKED: i32 = 256;
/** This response has no body, whatever its headers say (RFC 9112 section 6.3). */
export const FLAG_NO_BODY: i32 = 512;
/** The body of this response ends where the connection ends. */
export const FLAG_UNTIL_CLOSE: i32 = 1024;

/*
 * The chunked decoder's block, as indices of 32-bit words from CHUNKED. It holds the state of one
 * body: who owns the stream copies it in before a call and out after it, so the core keeps nothing.
 * All zero is the start of a body.
 */
export const CHUNKED: i32 = TABLE + TABLE_LENGTH - 256;
export const CHUNKED_WORDS: i32 = 8;
/** Private to the decoder, but for this: from CHUNKED_IN_TRAILERS on, the next byte is a trailer's. */
export const CHUNKED_STATE: i32 = 0;
export const CHUNKED_IN_TRAILERS: i32 = 16;
/** Bytes of data left in the current chunk, low and high 32 bits. */
export const CHUNKED_LEFT_LOW: i32 = 1;
export const CHUNKED_LEFT_HIGH: i32 = 2;
/** Out: bytes of extensions, then of trailers with the empty line, seen so far in this body. */
export const CHUNKED_OVERHEAD: i32 = 3;
/** Out: bytes of data, moved together to the start of the input. */
export const CHUNKED_DATA_LENGTH: i32 = 4;
/** Out: 1 once the last chunk and its trailers have been consumed. */
export const CHUNKED_DONE: i32 = 5;
/** Private to the decoder. */
export const CHUNKED_PRIVATE_1: i32 = 6;
export const CHUNKED_PRIVATE_2: i32 = 7;

/*
 * The multipart scanner's block, as indices of 32-bit words from MULTIPART, and the delimiter that
 * it looks for. It is lent as the chunked decoder's is. All zero is the start of a body.
 */
export const MULTIPART: i32 = CHUNKED + 64;
export const MULTIPART_WORDS: i32 = 6;
/** Private to the scanner. */
export const MULTIPART_STATE: i32 = 0;
/** Bytes of the delimiter that ended the last piece. */
export const MULTIPART_MATCHED: i32 = 1;
/** Bytes of the current part's head so far. */
export const MULTIPART_HEAD_LENGTH: i32 = 2;
/** Out: one of the PART_ constants, and where it lies, as offsets from the start of the input. */
export const MULTIPART_EVENT: i32 = 3;
export const MULTIPART_EVENT_START: i32 = 4;
export const MULTIPART_EVENT_END: i32 = 5;
/** CR LF, two dashes, and a boundary of at most 70 bytes (RFC 2046 section 5.1.1). */
export const MULTIPART_DELIMITER: i32 = MULTIPART + 32;
export const MULTIPART_DELIMITER_LENGTH: i32 = 4 + 70;

export const PART_NONE: i32 = 0;
/** Bytes of a part's head, which goes on. */
export const PART_HEAD_PIECE: i32 = 1;
/** Bytes of a part's head, up to its end: the empty line is among them. */
export const PART_HEAD: i32 = 2;
export const PART_DATA: i32 = 3;
/** Data that is the beginning of the delimiter, up to the event's end: it came before this call. */
export const PART_WITHHELD: i32 = 4;
export const PART_END: i32 = 5;
/** The last boundary: what follows it means nothing. */
export const PARTS_END: i32 = 6;

/** What the hash exports take as `algorithm`. */
export const SHA1: i32 = 1;
export const SHA256: i32 = 2;
export const SHA512: i32 = 3;
export const BLAKE3: i32 = 4;

/*
 * What decodeXsrfToken says of a token besides its bytes, as indices of 32-bit words from TABLE.
 */
export const XSRF_VERSION: i32 = 0;
/** Seconds since 1970, low and high 32 bits; 0 in version 1, which has none. */
export const XSRF_TIMESTAMP_LOW: i32 = 1;
export const XSRF_TIMESTAMP_HIGH: i32 = 2;

/*
 * What parseFrameHead says of a WebSocket frame, as indices of 32-bit words from TABLE.
 */
/** 1 if it is the last of its message. */
export const FRAME_FINAL: i32 = 0;
/** RSV1 to RSV3 where they were, as bits of 0x70. */
export const FRAME_RESERVED: i32 = 1;
export const FRAME_OPCODE: i32 = 2;
/** The masking key, its first byte in the low bits; 0 if the frame is not masked. */
export const FRAME_KEY: i32 = 3;
/** Bytes of payload, low and high 32 bits. */
export const FRAME_LENGTH_LOW: i32 = 4;
export const FRAME_LENGTH_HIGH: i32 = 5;

/*
 * What tokenize says of a window of a template, as indices of 32-bit words from TABLE.
 */
export const TOKEN_COUNT: i32 = 0;
/** The line of the byte after the last token; after an error, of the directive it is in. */
export const TOKEN_LINE: i32 = 1;
/** First row: kind, start, end (offsets from the window's start), line of the token's first byte. */
export const TOKEN_ROWS: i32 = 24;
export const TOKEN_WORDS: i32 = 4;
/** Most rows of one call. */
export const MAX_TOKENS: i32 = 480;

export const TOKEN_TEXT: i32 = 1;
/** Start and end are those of the contents, without blanks around them. */
export const TOKEN_EXPRESSION: i32 = 2;
export const TOKEN_BLOCK: i32 = 3;
export const TOKEN_COMMENT: i32 = 4;
/** The braces that `{{!`, `{%!` or `{#!` stand for, as text. */
export const TOKEN_BRACES: i32 = 5;
