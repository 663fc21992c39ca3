/** Somebody in the chat: what the page's script does, without a page. */
import { setTimeout } from "node:timers/promises";
import { HTTPRequest } from "../../src/httpclient.ts";
import { type WebSocketClientConnection, websocketConnect } from "../../src/websocket.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";

export interface Shown {
  readonly id: string;
  readonly html: string;
}

export class User {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  /** What has come by WebSocket. */
  readonly heard: Record<string, unknown>[] = [];
  socket: WebSocketClientConnection | undefined;
  closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Gets a name. */
  async login(name: string): Promise<void> {
    await this.#fetch("/login");
    const answer = await this.post("/login", { name, next: "/" });
    if (answer.status !== 302) throw new Error(`Cannot log in: ${answer.status}`);
  }

  get(path: string): Promise<Response> {
    return this.#fetch(path);
  }

  post(path: string, fields: Record<string, string>): Promise<Response> {
    const headers = { "X-XSRFToken": this.#cookies.get("_xsrf") ?? "" };
    return this.#fetch(path, { method: "POST", headers, body: new URLSearchParams(fields) });
  }

  say(body: string): Promise<Response> {
    return this.post("/a/message/new", { body });
  }

  async poll(cursor = ""): Promise<readonly Shown[]> {
    const answer = await this.post("/a/message/updates", { cursor });
    return ((await answer.json()) as { messages: Shown[] }).messages;
  }

  /** Polls until a message contains a text. */
  async hear(text: string): Promise<Shown> {
    for (let cursor = ""; ; await setTimeout(1)) {
      const messages = await this.poll(cursor);
      const found = messages.find(({ html }) => html.includes(text));
      if (found !== undefined) return found;
      cursor = messages.at(-1)?.id ?? cursor;
    }
  }

  async connect(): Promise<void> {
    const url = `${this.#url.replace("http:", "ws:")}/a/socket`;
    const request = new HTTPRequest(url, { headers: { Cookie: this.#cookie() } });
    this.socket = await websocketConnect(request, {
      loop: runtimeLoop,
      onMessage: (message) => {
        if (message === undefined) this.closed = true;
        else this.heard.push(JSON.parse(String(message)));
      },
    });
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, Cookie: this.#cookie() };
    const answer = await fetch(this.#url + path, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return answer;
  }

  #cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}
