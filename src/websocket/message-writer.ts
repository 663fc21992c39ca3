/**
 * The output of one WebSocket: messages, compressed in their order, control frames, and what becomes
 * of a peer that does not read. Stands between `frame-reader.ts`, whose class it extends, and
 * `connection.ts`, which knows when a connection ends.
 */

import { utf8Bytes } from "../core.ts";
import { utf8 } from "../escape.ts";
import type { Socket } from "../host.ts";
import { genLog } from "../log.ts";
import { forWhoAwaits, isThenable } from "../util.ts";
import type { PerMessageDeflate } from "./deflate.ts";
import { FrameReader } from "./frame-reader.ts";
import { payloadLength, sendFrame } from "./frame-writer.ts";
import type { WebSocketLimits } from "./limits.ts";
import { OutputOrder } from "./output-order.ts";
import {
  checkText,
  type Message,
  opcodeOf,
  PreparedMessage,
  textOrBytes,
} from "./prepared-message.ts";
import { CLOSE, COMPRESSED, FIN, WebSocketClosedError } from "./protocol.ts";
import type { Registry } from "./registry.ts";

/** What a connection is made with. */
export interface ConnectionOptions {
  readonly limits: WebSocketLimits;
  /** What was agreed on about compression. */
  readonly deflate: PerMessageDeflate | undefined;
  readonly isClient: boolean;
}

/** Output that waits for the peer beyond this makes a write's promise wait. As for HTTP. */
const HIGH_WATER = 64 * 1024;
const DONE: Promise<void> = Promise.resolve();

// The states, in their order.
export const OPEN = 0;
/** This end has sent a close, and waits for the peer's. */
export const CLOSE_SENT = 1;
/** Nothing more is said or heard; the socket has yet to end. */
export const ENDING = 2;
export const GONE = 3;

export abstract class MessageWriter extends FrameReader {
  // What every message asks for comes first: among thousands, each line of memory is fetched anew.
  protected state: number = OPEN;
  protected readonly deflate: PerMessageDeflate | undefined;
  /** Messages that are still being compressed. */
  #order: OutputOrder | undefined = undefined;
  readonly limits: WebSocketLimits;
  readonly isClient: boolean;
  protected readonly registry: Registry;
  /** What the peer's close has said. */
  closeCode: number | undefined = undefined;
  closeReason: string | undefined = undefined;
  /** When the connection began to end; while it is open, since when its output stands still. */
  protected since = 0;
  #drained: Drained | undefined = undefined;

  constructor(socket: Socket, registry: Registry, options: ConnectionOptions) {
    super(socket);
    this.registry = registry;
    this.limits = options.limits;
    this.isClient = options.isClient;
    this.deflate = options.deflate;
  }

  /** Messages can be written. */
  get isOpen(): boolean {
    return this.state === OPEN;
  }

  /** Bytes that wait for the peer, and those that wait to be compressed. */
  get bufferedAmount(): number {
    return this.socket.bufferedAmount + (this.#order?.bytes ?? 0);
  }

  /** The extension was agreed on. */
  get compresses(): boolean {
    return this.deflate !== undefined;
  }

  /**
   * Sends a message. Resolves when the peer has taken enough for the next; rejects with
   * WebSocketClosedError if it never will. The message may change once this has returned.
   */
  writeMessage(message: Message | PreparedMessage, binary?: boolean): Promise<void> {
    if (this.state !== OPEN) return this.refused();
    if (!(message instanceof PreparedMessage)) return this.#writeContent(message, binary);
    if (!this.hasRoom()) return this.refused();
    if (this.isClient || this.#order !== undefined) {
      return this.#writePayload(message.opcode, message.payload);
    }
    this.socket.writeShared(this.#frameOf(message));
    return this.#pressure();
  }

  #writeContent(message: Message, binary: boolean | undefined): Promise<void> {
    const payload = textOrBytes(message);
    const opcode = opcodeOf(payload, binary);
    checkText(opcode, payload);
    return this.hasRoom() ? this.#writePayload(opcode, payload) : this.refused();
  }

  /** A prepared message as this connection sends it next. */
  #frameOf(message: PreparedMessage): Uint8Array {
    const { deflate } = this;
    if (deflate === undefined || message.payload.length < deflate.threshold) return message.frame;
    const frame = message.compressedFrame(deflate);
    deflate.wasSent(message.payload);
    return frame;
  }

  #writePayload(opcode: number, payload: string | Uint8Array): Promise<void> {
    if (this.#order !== undefined) return this.#sendInOrder(opcode, payload);
    const deflate = this.deflate;
    if (deflate === undefined || payloadLength(payload) < deflate.threshold) {
      sendFrame(this.registry.tcp, this.socket, FIN | opcode, payload, this.isClient);
    } else {
      const sent = this.#sendDeflated(deflate, opcode, utf8(payload));
      if (sent !== undefined) return sent;
    }
    return this.#pressure();
  }

  /** Compresses and sends; gives a promise if that takes time. */
  #sendDeflated(
    deflate: PerMessageDeflate,
    opcode: number,
    bytes: Uint8Array,
  ): Promise<void> | undefined {
    const compressed = deflate.deflate(bytes);
    if (isThenable(compressed)) {
      this.#order = new OutputOrder();
      return this.#passInOrder(bytes.length, async () =>
        this.#sendCompressed(opcode, await compressed),
      );
    }
    this.#sendCompressed(opcode, compressed);
    return undefined;
  }

  #sendCompressed(opcode: number, bytes: Uint8Array): void {
    if (this.state >= ENDING) return;
    const first = FIN | COMPRESSED | opcode;
    sendFrame(this.registry.tcp, this.socket, first, bytes, this.isClient);
  }

  /** Sends a message behind those that are being compressed. */
  #sendInOrder(opcode: number, payload: string | Uint8Array): Promise<void> {
    const bytes = typeof payload === "string" ? utf8Bytes(payload) : new Uint8Array(payload);
    return this.#passInOrder(bytes.length, async () => {
      const deflate = this.deflate as PerMessageDeflate;
      if (bytes.length >= deflate.threshold) {
        this.#sendCompressed(opcode, await deflate.deflate(bytes));
      } else if (this.state < ENDING) {
        sendFrame(this.registry.tcp, this.socket, FIN | opcode, bytes, this.isClient);
      }
    });
  }

  #passInOrder(bytes: number, send: () => Promise<void>): Promise<void> {
    const order = this.#order as OutputOrder;
    const sent = order.add(bytes, send, () => {
      if (this.#order === order) this.#order = undefined;
    });
    const settled = sent.then(
      () => (this.state >= ENDING ? this.refused() : this.#pressure()),
      (error) => {
        this.messageFailed(error);
        return this.refused();
      },
    );
    return forWhoAwaits(settled);
  }

  /** Does something when all messages that were written have been sent. */
  protected afterOutput(act: () => void): void {
    if (this.#order === undefined) act();
    else
      this.#order.add(
        0,
        async () => act(),
        () => undefined,
      );
  }

  protected sendControl(opcode: number, payload: Uint8Array): void {
    sendFrame(this.registry.tcp, this.socket, FIN | opcode, payload, this.isClient);
  }

  protected sendCloseFrame(code: number | undefined, reason: string): void {
    if (code === undefined) {
      this.sendControl(CLOSE, new Uint8Array(0));
      return;
    }
    const text = utf8Bytes(reason);
    const payload = new Uint8Array(2 + text.length);
    payload[0] = code >> 8;
    payload[1] = code & 0xff;
    payload.set(text, 2);
    this.sendControl(CLOSE, payload);
  }

  /** Whether more may wait for the peer. If not, the peer has not read for too long. */
  protected hasRoom(): boolean {
    const { maxBufferedAmount } = this.limits;
    if (this.bufferedAmount <= maxBufferedAmount) return true;
    this.#breakOff();
    return false;
  }

  #breakOff(): void {
    genLog.warning(
      `WebSocket to ${this.socket.remoteAddress.host} broken off: it has not read ` +
        `${this.bufferedAmount} bytes, and maxBufferedAmount is ${this.limits.maxBufferedAmount}`,
    );
    this.beginClosing(ENDING);
    this.ignoreInput();
    this.socket.abort();
  }

  #pressure(): Promise<void> {
    if (this.socket.bufferedAmount <= HIGH_WATER) return DONE;
    this.#drained ??= newDrained();
    return this.#drained.promise;
  }

  drain(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }

  /** Nobody takes what waits any more. */
  protected dropOutput(): void {
    this.#drained?.reject(new WebSocketClosedError(this.closeCode, this.closeReason));
    this.#drained = undefined;
  }

  protected refused(): Promise<void> {
    const error = new WebSocketClosedError(this.closeCode, this.closeReason);
    return forWhoAwaits(Promise.reject(error));
  }

  protected beginClosing(state: number): void {
    this.state = state;
    this.since = this.registry.now;
  }
}

/** What writers wait for while the peer does not read. */
interface Drained {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function newDrained(): Drained {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise: forWhoAwaits(promise), resolve, reject };
}
