/**
 * Reads a body of the type multipart/form-data (RFC 7578 on RFC 2046) while it arrives: bytes in,
 * parts out, no waiting. The core finds the boundaries; here the parts' heads get their meaning and
 * the limits are held. `multipart.ts` reads whole bodies with it, `form-receiver.ts` long ones, and
 * handlers with a streamed body may use it themselves.
 */

import {
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
  reasonFor,
} from "../core.ts";
import { BodyBuffer } from "./body-buffer.ts";
import { HTTPInputError } from "./errors.ts";
import { multipartConfig, type ParseMultipartConfig } from "./multipart-config.ts";
import { parseHeader } from "./parameters.ts";

/** What the head of a part says. */
export interface PartHead {
  readonly name: string;
  /** Undefined for a field. Never use it as a path unchecked: it is what the client says. */
  readonly filename: string | undefined;
  /** What the client says, `application/unknown` if it says nothing. */
  readonly contentType: string;
  /** Every header of the part, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Hears the parts of a body in their order: `begin`, any number of `data`, `end`, for each. */
export interface PartSink {
  begin(head: PartHead): void;
  /** Bytes that are valid until this returns. */
  data(bytes: Uint8Array): void;
  end(): void;
}

// RFC 2046 section 5.1.1.
const boundarySigns = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/** The boundary that a Content-Type names. Throws HTTPInputError without a well-formed one. */
export function boundaryOf(contentType: string): string {
  const boundary = parseHeader(contentType).parameters.get("boundary") ?? "";
  if (!boundarySigns.test(boundary)) {
    throw new HTTPInputError("Cannot read multipart body: no well-formed boundary in Content-Type");
  }
  return boundary;
}

/** Takes one body in any pieces and tells a sink its parts. */
export class MultipartReader {
  readonly #scanner: MultipartScanner;
  readonly #sink: PartSink;
  readonly #config: ParseMultipartConfig;
  readonly #head = new BodyBuffer();
  #parts = 0;
  #fieldBytes = 0;
  #fileBytes = 0;
  #inFile = false;
  #done = false;
  #position = 0;

  /** Throws HTTPInputError 415 if the configuration refuses such bodies. */
  constructor(boundary: string, sink: PartSink, config: Partial<ParseMultipartConfig> = {}) {
    this.#config = multipartConfig(config);
    if (!this.#config.enabled) throw malformed("multipart/form-data is switched off", 415);
    const { maxPartHeaderSize } = this.#config;
    this.#scanner = new MultipartScanner(boundary, Math.min(maxPartHeaderSize, LARGEST_PART_HEAD));
    this.#sink = sink;
  }

  /** Where in the body the event that the sink is hearing of ends, in bytes. */
  get position(): number {
    return this.#position;
  }

  /** Bytes between the end of a part's data and the end of the boundary after it. */
  get delimiterLength(): number {
    return this.#scanner.delimiter.length;
  }

  /** The last boundary has been seen. */
  get done(): boolean {
    return this.#done;
  }

  /** Takes the next bytes of the body. Throws HTTPInputError, also for a limit that is passed. */
  write(bytes: Uint8Array): void {
    const before = this.#position;
    for (let at = 0; at < bytes.length && !this.#done; ) {
      const events: MultipartEvent[] = [];
      const status = this.#scanner.scan(bytes, at, events);
      for (const event of events) {
        this.#position = before + event.end;
        this.#tell(event, bytes);
      }
      if (status < 0) throw malformed(this.#reason(status));
      at = status;
    }
    this.#position = before + bytes.length;
  }

  /** The body has ended. Throws HTTPInputError if its last boundary has not come. */
  finish(): void {
    if (!this.#done) throw malformed("the final boundary is missing");
  }

  #tell(event: MultipartEvent, bytes: Uint8Array): void {
    switch (event.kind) {
      case PART_HEAD_PIECE:
        this.#head.append(bytes.subarray(event.start, event.end));
        break;
      case PART_HEAD:
        this.#begin(bytes.subarray(event.start, event.end));
        break;
      case PART_DATA:
        this.#data(bytes.subarray(event.start, event.end));
        break;
      case PART_WITHHELD:
        this.#data(this.#scanner.delimiter.subarray(0, event.end - event.start));
        break;
      case PART_END:
        this.#sink.end();
        break;
      case PARTS_END:
        this.#done = true;
        break;
    }
  }

  #begin(end: Uint8Array): void {
    const { maxParts } = this.#config;
    if (this.#parts === maxParts) throw malformed(`more than ${maxParts} parts`);
    this.#parts++;
    let whole = end;
    if (this.#head.length > 0) {
      this.#head.append(end);
      whole = this.#head.take();
    }
    const head = partHead(whole);
    this.#inFile = head.filename !== undefined;
    this.#fileBytes = 0;
    this.#sink.begin(head);
  }

  #data(bytes: Uint8Array): void {
    const { maxFieldsSize, maxFileSize } = this.#config;
    if (this.#inFile) {
      this.#fileBytes += bytes.length;
      if (maxFileSize > 0 && this.#fileBytes > maxFileSize) {
        throw malformed(`a file is longer than ${maxFileSize} bytes`, 413);
      }
    } else {
      this.#fieldBytes += bytes.length;
      if (this.#fieldBytes > maxFieldsSize) {
        throw malformed(`its fields are longer than ${maxFieldsSize} bytes`, 413);
      }
    }
    this.#sink.data(bytes);
  }

  #reason(status: number): string {
    if (status !== PART_HEAD_TOO_LARGE) return reasonFor(status);
    return `a part's headers are longer than ${this.#config.maxPartHeaderSize} bytes`;
  }
}

/** What the bytes of a part's head mean. Throws HTTPInputError. */
function partHead(bytes: Uint8Array): PartHead {
  const headers = new Map<string, string>();
  const status = readPartHead(bytes, {
    append(name, value) {
      if (headers.has(name)) throw malformed(`a part has ${name} twice`);
      headers.set(name, value);
    },
  });
  if (status < 0) throw malformed(`a part's header: ${reasonFor(status)}`);
  if (status === 0) throw malformed("a part has no headers");
  const { value, parameters } = parseHeader(headers.get("content-disposition") ?? "");
  if (value.toLowerCase() !== "form-data") throw malformed("a part is no form-data");
  const name = parameters.get("name") ?? "";
  if (name === "") throw malformed("a part has no name");
  return {
    name,
    filename: parameters.get("filename") || undefined,
    contentType: headers.get("content-type") ?? "application/unknown",
    headers,
  };
}

function malformed(what: string, status = 400): HTTPInputError {
  return new HTTPInputError(`Cannot read multipart body: ${what}`, status);
}
