/**
 * A message that goes to many: encoded once, and compressed once for all peers that have agreed on
 * the same. `connection.ts` sends it.
 */

import { isUtf8 } from "node:buffer";
import { jsonEncode, utf8 } from "../escape.ts";
import { bytesIn } from "../util.ts";
import type { PerMessageDeflate } from "./deflate.ts";
import { encodeFrame } from "./frame-writer.ts";
import { BINARY, COMPRESSED, FIN, TEXT } from "./protocol.ts";

/** What a message may be: text, bytes in any form, or an object that is sent as JSON text. */
export type Message = string | Uint8Array | object;

/**
 * A message to be written to many WebSockets: `for (const chat of chats) chat.writeMessage(message)`.
 * Takes what `writeMessage` takes; bytes are copied.
 */
export class PreparedMessage {
  /** TEXT or BINARY. */
  readonly opcode: number;
  /** The bytes of the message. */
  readonly payload: Uint8Array;
  #frame: Uint8Array | undefined;
  #compressed: Map<string, Uint8Array> | undefined;

  constructor(message: Message, binary?: boolean) {
    const content = textOrBytes(message);
    this.opcode = opcodeOf(content, binary);
    // Not `slice`, which does not copy a Buffer.
    this.payload = new Uint8Array(utf8(content));
    checkText(this.opcode, content);
  }

  /** The frame of a server, uncompressed. */
  get frame(): Uint8Array {
    this.#frame ??= encodeFrame(FIN | this.opcode, this.payload);
    return this.#frame;
  }

  /** The frame of a server that compresses so. */
  compressedFrame(deflate: PerMessageDeflate): Uint8Array {
    this.#compressed ??= new Map();
    let frame = this.#compressed.get(deflate.kind);
    if (frame === undefined) {
      const bytes = deflate.deflateAlone(this.payload);
      frame = encodeFrame(FIN | COMPRESSED | this.opcode, bytes);
      this.#compressed.set(deflate.kind, frame);
    }
    return frame;
  }
}

/** Text is sent as text and bytes as binary, unless `binary` says otherwise. */
export function opcodeOf(content: string | Uint8Array, binary: boolean | undefined): number {
  return (binary ?? typeof content !== "string") ? BINARY : TEXT;
}

/** Throws a TypeError for bytes that are to be sent as text, and are none. */
export function checkText(opcode: number, content: string | Uint8Array): void {
  if (opcode !== TEXT || typeof content === "string" || isUtf8(content)) return;
  throw new TypeError("Cannot send bytes as text: they are not UTF-8");
}

/**
 * A message's text or bytes; an object's JSON. Throws a TypeError for what is none of these, or
 * holds what its JSON would not.
 */
export function textOrBytes(message: Message): string | Uint8Array {
  if (typeof message === "string" || message instanceof Uint8Array) return message;
  if (typeof message !== "object" || message === null) {
    throw new TypeError(`Cannot send ${typeof message}: expected text, bytes or an object`);
  }
  if (ArrayBuffer.isView(message)) return bytesIn(message) as Uint8Array;
  const json = jsonEncode(message);
  return (json === "{}" ? bytesIn(message) : undefined) ?? json;
}
