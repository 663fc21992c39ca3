/**
 * Sends one request to an application on the fake host, and gives its answer taken apart. For
 * tests of what handlers do.
 */

import { Application, RequestHandler, type RuleLike, type Settings } from "../../src/web.ts";
import { bytesOf, serve } from "./server.ts";

export interface Answer {
  status: number;
  /** Status line and headers, as they came. */
  head: string;
  /** A character a byte. */
  body: string;
  /** The values of a header, in order. */
  header(name: string): string[];
}

export interface AskOptions {
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
  settings?: Settings;
}

export function parseAnswer(received: string): Answer {
  const end = received.indexOf("\r\n\r\n");
  const head = received.slice(0, end);
  const lines = head.split("\r\n").slice(1);
  return {
    status: Number(head.slice(9, 12)),
    head,
    body: received.slice(end + 4),
    header: (name) =>
      lines
        .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
        .map((line) => line.slice(name.length + 2)),
  };
}

/** The head without its date, to compare answers: a second may begin between two. */
export function undatedHead(answer: Answer): string {
  return answer.head.replace(/\r\nDate: [^\r]*/, "");
}

/** The text of one request: `GET /path`, with Host and, for a body, its length. */
export function requestText(request: string, options: AskOptions = {}): string {
  const { body, headers = {} } = options;
  const all: Record<string, string> = { Host: "example.org", ...headers };
  if (body !== undefined) all["Content-Length"] = String(body.length);
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`;
}

/** Asks an application once. */
export async function ask(
  application: Application | readonly RuleLike[],
  request: string,
  options: AskOptions = {},
): Promise<Answer> {
  const { exchange } = await serve(
    application instanceof Application
      ? application
      : new Application(application, options.settings),
  );
  return parseAnswer(await exchange(requestText(request, options)));
}

/** Asks a handler that does one thing, whatever the verb, with a cookie secret set. */
export function askHandler(
  act: (handler: RequestHandler) => unknown,
  request = "GET /",
  options: AskOptions = {},
): Promise<Answer> {
  class Handler extends RequestHandler {
    get(): unknown {
      return act(this);
    }
    post = this.get;
  }
  const settings = { cookieSecret: "0123456789abcdef0123456789abcdef", ...options.settings };
  return ask([["/.*", Handler]], request, { ...options, settings });
}

/** The body as JSON. */
export function jsonOf(answer: Answer): unknown {
  return JSON.parse(textOf(answer));
}

/** The body as UTF-8. */
export function textOf(answer: Answer): string {
  return new TextDecoder().decode(bytesOf(answer.body));
}
