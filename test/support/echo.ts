/** A server's callback that answers with what it understood, and what a test reads of its answers. */
import { expect } from "vitest";
import { HTTPHeaders, type HTTPServerRequest } from "../../src/httputil.ts";

/** Answers with what it was asked, so that a test sees what was understood. */
export function echo(request: HTTPServerRequest): void {
  const body = new TextDecoder().decode(request.body);
  const text = `[${request.method} ${request.uri} ${body}]`;
  const headers = new HTTPHeaders([["Content-Length", String(text.length)]]);
  request.connection.writeHeaders({ code: 200, reason: "OK" }, headers, text);
  request.connection.finish();
}

/** The bodies and statuses of answers that follow one another on a connection. */
export function answers(received: string): string[] {
  const found: string[] = [];
  let rest = received;
  while (rest !== "") {
    const end = rest.indexOf("\r\n\r\n");
    expect(end, `no complete head in ${JSON.stringify(rest)}`).toBeGreaterThan(0);
    const head = rest.slice(0, end);
    const status = Number(head.slice(9, 12));
    const length = Number(/^Content-Length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    expect(body.length, "the body is whole").toBe(length);
    found.push(status === 200 ? body : String(status));
    rest = rest.slice(end + 4 + length);
  }
  return found;
}

/** The field that every request of HTTP/1.1 needs. */
export const HOST = "Host: example.org\r\n";
