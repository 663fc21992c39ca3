/** The chat by WebSocket: the same messages as by long polling. */

import { PublishError } from "squall/pubsub";
import { HTTPError } from "squall/web";
import { type CompressionOptions, WebSocketHandler } from "squall/websocket";
import { hueOf, LONGEST_MESSAGE } from "./handlers.ts";
import type { ChatMessage, MessageBuffer } from "./message-buffer.ts";

interface Said {
  readonly body: string;
  /** The client's own number for the message. */
  readonly token: unknown;
}

/** What a client says; undefined for anything that the page does not send. */
function saidIn(text: string): Said | undefined {
  try {
    const { body, token } = JSON.parse(text) as Record<string, unknown>;
    return typeof body === "string" ? { body, token } : undefined;
  } catch {
    return undefined;
  }
}

export class ChatSocket extends WebSocketHandler {
  declare protected buffer: MessageBuffer;
  #leave = (): void => undefined;

  override initialize(options: { buffer: MessageBuffer }): void {
    this.buffer = options.buffer;
  }

  override getCurrentUser(): string | undefined {
    return this.getSignedCookie("name")?.toString();
  }

  override prepare(): void {
    if (this.currentUser === undefined) throw new HTTPError(403);
  }

  override getCompressionOptions(): CompressionOptions {
    return {};
  }

  /** Tells what was said since the client's last message, then everything as it comes. */
  override open(): void {
    const cursor = this.getArgument("cursor", { default: "" });
    for (const message of this.buffer.since(cursor)) this.#show(message);
    this.#leave = this.buffer.listen((message) => this.#show(message));
  }

  override async onMessage(text: string | Uint8Array): Promise<void> {
    const said = saidIn(String(text));
    if (said === undefined) this.close(1008, "that is no message");
    else await this.writeMessage(await this.#say(said));
  }

  override onClose(): void {
    this.#leave();
  }

  /** What the client gets to know of its message. */
  async #say({ body, token }: Said): Promise<object> {
    const trimmed = body.trim();
    if (trimmed === "" || trimmed.length > LONGEST_MESSAGE) return { failed: token };
    try {
      const { id } = await this.buffer.say(this.currentUser as string, trimmed);
      return { sent: token, id };
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      return { failed: token };
    }
  }

  #show(message: ChatMessage): void {
    const html = this.renderString("message.html", { message, me: this.currentUser, hueOf });
    // The promise is for those who have much to say; a client that does not read is cut off.
    this.writeMessage({ id: message.id, html }).catch(() => undefined);
  }
}
