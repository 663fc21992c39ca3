/**
 * The client's socket until the server has answered the handshake: sends the request, collects the
 * answer's head, and gives the socket and what follows the head to who comes next.
 */

import {
  CARRY_CAPACITY,
  CARRY_START,
  NEED_DATA,
  parseResponseHead,
  putBytes,
  putLatin1,
  reasonFor,
  viewBytes,
} from "../core.ts";
import type { Socket, SocketHandler, Tcp } from "../host.ts";
import { ResponseHead } from "../http1connection.ts";
import { WebSocketError } from "./protocol.ts";

/** Largest head of an answer, and its most fields: those of a server's requests. */
const MAX_HEAD = 16 * 1024;
const MAX_HEADERS = 100;
/** What follows the head is put behind the room in which the reader completes a frame's head. */
const REST_START = CARRY_START + 256;
const REST_CAPACITY = CARRY_CAPACITY - 256;

export class ClientHandshake implements SocketHandler {
  readonly #socket: Socket;
  readonly #answered: (head: ResponseHead) => SocketHandler;
  readonly #failed: (error: unknown) => void;
  #received: Uint8Array = new Uint8Array(0);
  #over = false;

  /** `answered` gives the socket's next handler; what it throws fails the handshake. */
  constructor(
    tcp: Tcp,
    socket: Socket,
    head: string,
    answered: (head: ResponseHead) => SocketHandler,
    failed: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#answered = answered;
    this.#failed = failed;
    const start = tcp.reserve(head.length);
    putLatin1(head, start);
    socket.send(start, head.length);
  }

  data(start: number, length: number): void {
    if (this.#over) return;
    const kept = this.#received;
    const received = new Uint8Array(kept.length + length);
    received.set(kept);
    received.set(viewBytes(start, length), kept.length);
    this.#received = received;
    while (!this.#over && this.#received.length > 0 && this.#takeHead()) {
      // An informational answer came before the one that counts.
    }
  }

  /** Takes a head, if there is one as a whole. */
  #takeHead(): boolean {
    const received = this.#received;
    const length = Math.min(received.length, MAX_HEAD);
    putBytes(received.subarray(0, length), CARRY_START);
    const consumed = parseResponseHead(CARRY_START, length, MAX_HEADERS, 0);
    if (consumed === NEED_DATA && received.length <= MAX_HEAD) return false;
    if (consumed < 0) {
      const why = consumed === NEED_DATA ? `head above ${MAX_HEAD} bytes` : reasonFor(consumed);
      this.#fail(new WebSocketError(`Cannot read the server's answer: ${why}`));
      return false;
    }
    const head = new ResponseHead(CARRY_START);
    this.#received = received.subarray(consumed);
    if (head.code >= 200 || head.code === 101) this.#finish(head);
    return true;
  }

  #finish(head: ResponseHead): void {
    let handler: SocketHandler;
    try {
      handler = this.#answered(head);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#over = true;
    this.#socket.handler = handler;
    for (let at = 0; at < this.#received.length; at += REST_CAPACITY) {
      const piece = this.#received.subarray(at, at + REST_CAPACITY);
      putBytes(piece, REST_START);
      handler.data(REST_START, piece.length);
    }
  }

  end(): void {
    this.#fail(new WebSocketError("Cannot connect: the server has ended the connection"));
  }

  drain(): void {}

  close(error: Error | undefined): void {
    this.#fail(new WebSocketError("Cannot connect: the connection was closed", { cause: error }));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.abort();
    this.#failed(error);
  }
}
