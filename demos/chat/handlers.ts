/** The chat's pages, and its long polling. */

import { PublishError } from "squall/pubsub";
import { authenticated, HTTPError, RequestHandler } from "squall/web";
import type { ChatMessage, MessageBuffer } from "./message-buffer.ts";

const LONGEST_NAME = 40;
export const LONGEST_MESSAGE = 2000;

interface Options {
  readonly buffer: MessageBuffer;
}

/** Who is here, by a signed cookie. */
class ChatHandler extends RequestHandler {
  declare protected buffer: MessageBuffer;

  override initialize(options: Partial<Options>): void {
    if (options.buffer !== undefined) this.buffer = options.buffer;
  }

  override getCurrentUser(): string | undefined {
    return this.getSignedCookie("name")?.toString();
  }

  /** A message as the page shows it: the server renders it, whichever way it is sent. */
  protected shown(message: ChatMessage): { id: string; html: string } {
    const html = this.renderString("message.html", { message, me: this.currentUser, hueOf });
    return { id: message.id, html };
  }
}

/** The room, with what has been said. */
export class Room extends ChatHandler {
  static override guards = { get: authenticated };

  get(): void {
    this.render("room.html", {
      messages: this.buffer.since(undefined),
      hueOf,
      longest: LONGEST_MESSAGE,
    });
  }
}

/** Says something. */
export class NewMessage extends ChatHandler {
  static override guards = { post: authenticated };

  async post(): Promise<void> {
    const body = this.getBodyArgument("body").trim();
    if (body === "" || body.length > LONGEST_MESSAGE) throw new HTTPError(400);
    try {
      const message = await this.buffer.say(this.currentUser as string, body);
      this.write(this.shown(message));
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      throw new HTTPError(503, error.message, { cause: error });
    }
  }
}

/** Waits for what comes after a cursor. */
export class Updates extends ChatHandler {
  static override guards = { post: authenticated };

  async post(): Promise<void> {
    const cursor = this.getBodyArgument("cursor", { default: "" });
    const stop = new AbortController();
    // When the server stops, the client asks again, and finds another process.
    const forget = this.request.connection.joinDrain({ leave: () => stop.abort() });
    const signal = AbortSignal.any([this.closeSignal, stop.signal]);
    try {
      const messages = await this.buffer.waitFor(cursor, signal);
      if (!this.closeSignal.aborted) {
        this.write({ messages: messages.map((message) => this.shown(message)) });
      }
    } finally {
      forget();
    }
  }
}

/** Asks for a name. */
export class Login extends ChatHandler {
  get(): void {
    this.render("login.html", { next: this.getArgument("next", { default: "/" }) });
  }

  post(): void {
    const name = this.getBodyArgument("name").trim().slice(0, LONGEST_NAME);
    if (name === "") throw new HTTPError(400);
    this.setSignedCookie("name", name, { httpOnly: true, sameSite: "Lax" });
    // Never to another site, whatever the link to this page said.
    this.redirect(this.getBodyArgument("next", { default: "/" }), { local: true });
  }
}

export class Logout extends ChatHandler {
  post(): void {
    this.clearCookie("name");
    this.redirect("/login");
  }
}

/** A colour for a name, the same for everybody. */
export function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}
