/** The llhttp that is in this Node, in its strict mode, as messages of a stream of requests. */

/** A request as it has read it. */
export interface LlhttpMessage {
  readonly method: string;
  readonly target: string;
  /** 0 for a request line without a version. */
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly keepAlive: boolean;
  /** Asks for another protocol: what follows the request is not HTTP. */
  readonly upgrade: boolean;
  body: string;
  complete: boolean;
}

export interface LlhttpStream {
  readonly messages: readonly LlhttpMessage[];
  /** Why it has refused to go on. */
  readonly error: string | undefined;
}

interface Parser {
  [callback: number]: (...args: never[]) => void;
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
}

export interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

/** Other runtimes have the module, but not llhttp in it. */
export const hasLlhttp: boolean = process.versions.bun === undefined && !("Deno" in globalThis);

export async function loadLlhttp(): Promise<{ HTTPParser: ParserClass; methods: string[] }> {
  const name = "node:_http_common";
  const { HTTPParser, methods } = (await import(name)) as {
    HTTPParser: ParserClass;
    methods: string[];
  };
  return { HTTPParser, methods };
}

/** What it makes of one stream in these pieces. It knows its methods by number. */
export function readByLlhttp(
  { HTTPParser, methods }: Awaited<ReturnType<typeof loadLlhttp>>,
  pieces: readonly Buffer[],
): LlhttpStream {
  const parser = new HTTPParser();
  const messages: LlhttpMessage[] = [];
  parser.initialize(HTTPParser.REQUEST, {}, 0, 0);
  const onHead = (
    majorVersion: number,
    minorVersion: number,
    flat: readonly string[],
    methodNumber: number,
    target: string,
    _code: unknown,
    _reason: unknown,
    upgrade: boolean,
    keepAlive: boolean,
  ): void => {
    const headers = Array.from({ length: flat.length / 2 }, (_, index): [string, string] => [
      flat[2 * index] ?? "",
      (flat[2 * index + 1] ?? "").replace(/[ \t]+$/, ""),
    ]);
    const method = methods[methodNumber] ?? "";
    const head = { method, target, majorVersion, minorVersion, headers, keepAlive, upgrade };
    messages.push({ ...head, body: "", complete: false });
  };
  const onBody = (bytes: Buffer): void => {
    const message = messages.at(-1);
    if (message !== undefined) message.body += bytes.toString("latin1");
  };
  const onComplete = (): void => {
    const message = messages.at(-1);
    if (message !== undefined) message.complete = true;
  };
  parser[HTTPParser.kOnHeadersComplete] = onHead as (...args: never[]) => void;
  parser[HTTPParser.kOnBody] = onBody as (...args: never[]) => void;
  parser[HTTPParser.kOnMessageComplete] = onComplete;
  for (const piece of pieces) {
    const result = parser.execute(piece);
    if (result instanceof Error) {
      return { messages, error: String((result as { reason?: string }).reason) };
    }
    if (messages.at(-1)?.upgrade && messages.at(-1)?.complete) break;
  }
  return { messages, error: undefined };
}
