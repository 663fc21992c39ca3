/**
 * Clients that ask a server one request after the other on kept connections, and tell what became
 * of each: as a load generator does, but with the difference between a request that was lost and a
 * connection that was closed before the next one.
 */
import { connect, type Socket } from "node:net";

export interface Outcome {
  /** Whole answers with status 200. */
  answered: number;
  /** Of these, answers that said `Connection: close`. */
  closing: number;
  /** Requests on a kept connection that ended without a byte: the client may send them again. */
  raced: number;
  /** Connections that were refused. */
  refused: number;
  /** Anything else: a reset, half an answer, none in time, a first request without an answer. */
  failed: string[];
}

export interface LoadOptions {
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  readonly clients: number;
  /** Goes on when connections are refused, as behind a load balancer; else a client ends there. */
  readonly persistent?: boolean;
  /** A new connection for each request. */
  readonly fresh?: boolean;
  /** Seconds to wait for a connection, and for each answer. 10. */
  readonly patience?: number;
}

/**
 * Whether a client was reset before it was heard: what becomes, when a listener closes, of those whom
 * nobody has accepted yet, on hosts whose `lossyClose` (`test/hosts/limits.ts`) says so.
 */
export function isUnheard(failure: string): boolean {
  return /^(0|connect): .*(ECONNRESET|EPIPE)/.test(failure);
}

/** Load that runs until `stop`. */
export class Load {
  readonly outcome: Outcome = { answered: 0, closing: 0, raced: 0, refused: 0, failed: [] };
  readonly #options: LoadOptions;
  readonly #clients: Promise<void>[];
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#clients = Array.from({ length: options.clients }, () => this.#client());
  }

  /** Resolves when every client has ended. */
  async over(): Promise<Outcome> {
    await Promise.all(this.#clients);
    return this.outcome;
  }

  /** Lets every client finish the request that it waits for. */
  stop(): Promise<Outcome> {
    this.#stopped = true;
    return this.over();
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const connection = await this.#open();
      if (connection === undefined && this.#options.persistent !== true) return;
      if (connection === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else await this.#use(connection);
    }
  }

  async #open(): Promise<Connection | undefined> {
    const { host = "127.0.0.1", port, patience = 10 } = this.#options;
    const connection = new Connection(host, port, patience * 1000);
    const error = await connection.opened;
    if (error === undefined) return connection;
    if (error.includes("ECONNREFUSED")) this.outcome.refused++;
    else this.outcome.failed.push(`connect: ${error}`);
    return undefined;
  }

  async #use(connection: Connection): Promise<void> {
    const { path = "/", fresh = false } = this.#options;
    const keep = fresh ? "Connection: close\r\n" : "";
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${keep}\r\n`;
    for (let count = 0; !this.#stopped; count++) {
      const answer = await connection.ask(request);
      if (!answer.whole) {
        if (answer.text === "" && count > 0 && answer.error === "") this.outcome.raced++;
        else this.outcome.failed.push(`${count}: ${answer.error} ${JSON.stringify(answer.text)}`);
        break;
      }
      if (!answer.text.startsWith("HTTP/1.1 200")) this.outcome.failed.push(answer.text);
      this.outcome.answered++;
      if (!/\r\nConnection: close\r\n/i.test(answer.text)) continue;
      this.outcome.closing++;
      break;
    }
    connection.close();
  }
}

interface Answer {
  readonly text: string;
  readonly whole: boolean;
  readonly error: string;
}

class Connection {
  /** Resolves with why it could not be opened, or with undefined. */
  readonly opened: Promise<string | undefined>;
  readonly #socket: Socket;
  #text = "";
  #error = "";
  #over = false;
  #answered: ((answer: Answer) => void) | undefined;
  /** Of the connection, and then of each answer: who waits for ever must not wait unnoticed. */
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(host: string, port: number, patience: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#timer = setTimeout(() => {
      this.#socket.destroy(new Error(`nothing within ${patience} ms`));
    }, patience);
    this.opened = new Promise((resolve) => {
      this.#socket.on("connect", () => resolve(undefined));
      this.#socket.on("error", (error) => {
        this.#error = String(error);
        resolve(this.#error);
      });
    });
    this.#socket.on("data", (bytes) => {
      this.#text += bytes.toString("latin1");
      this.#check();
    });
    for (const event of ["end", "close"]) {
      this.#socket.on(event, () => {
        this.#over = true;
        this.#check();
      });
    }
  }

  ask(request: string): Promise<Answer> {
    this.#text = "";
    this.#timer.refresh();
    return new Promise((resolve) => {
      this.#answered = resolve;
      if (this.#over) this.#check();
      else this.#socket.write(request);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #check(): void {
    const whole = isWhole(this.#text);
    if (!whole && !this.#over) return;
    this.#answered?.({ text: this.#text, whole, error: this.#error });
    this.#answered = undefined;
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = Number(/\r\nContent-Length: (\d+)/i.exec(text)?.[1] ?? 0);
  return text.length >= end + 4 + length;
}
