/** What the Autobahn cases are put to: our server and our client, each echoing what it gets. */

import { HTTPServer } from "../../../src/httpserver.ts";
import { Application } from "../../../src/web.ts";
import {
  type CompressionOptions,
  type WebSocketClientConnection,
  WebSocketHandler,
  websocketConnect,
} from "../../../src/websocket.ts";
import { runtimeLoop } from "../runtime-loop.ts";
import type { Case } from "./case.ts";
import { answerTester, connectTester, Tester, type Transform } from "./tester.ts";

/** The largest case has 16 MiB. */
const MAX_MESSAGE = 16 * 1024 * 1024;

/** Compression that a case asks for. */
export interface Compression {
  /** What the tester offers as a client. */
  readonly offer: string;
  /** What it answers as a server. */
  readonly answer: string;
  /** Made anew for each connection. */
  readonly transform: (isClient: boolean) => Transform;
  readonly options: CompressionOptions;
}

export interface Peers {
  /** Puts a case to our server; gives what it said. */
  asServer(testCase: Case, compression?: Compression): Promise<string[]>;
  /** Puts a case to our client. */
  asClient(testCase: Case, compression?: Compression): Promise<string[]>;
  stop(): void;
}

class EchoHandler extends WebSocketHandler {
  override getCompressionOptions(): CompressionOptions {
    return { threshold: 0 };
  }

  override onMessage(message: string | Uint8Array): unknown {
    return this.writeMessage(message);
  }
}

export async function startPeers(): Promise<Peers> {
  const loop = runtimeLoop;
  const application = new Application([["/echo", EchoHandler]], {
    websocketMaxMessageSize: MAX_MESSAGE,
    logFunction: () => undefined,
  });
  const server = new HTTPServer(application, { loop });
  await server.listen(0, "127.0.0.1");
  const port = server.addresses[0]?.port as number;

  let accepted: (tester: Tester) => void = () => undefined;
  const listener = await loop.tcp.listen({ host: "127.0.0.1" }, (socket) => {
    const tester = new Tester(false);
    tester.socket = socket;
    accepted(tester);
    return tester;
  });
  const url = `ws://127.0.0.1:${listener.address.port}/`;

  return {
    async asServer(testCase, compression) {
      const tester = await connectTester(loop, port, compression?.offer);
      if (compression !== undefined) tester.useTransform(compression.transform(true));
      return tester.run(testCase);
    },
    async asClient(testCase, compression) {
      const coming = new Promise<Tester>((resolve) => {
        accepted = resolve;
      });
      let connection: WebSocketClientConnection | undefined;
      const connecting = websocketConnect(url, {
        loop,
        maxMessageSize: MAX_MESSAGE,
        ...(compression === undefined
          ? {}
          : { compressionOptions: { threshold: 0, ...compression.options } }),
        onMessage: (message) =>
          message === undefined ? undefined : connection?.writeMessage(message),
      });
      const tester = await coming;
      const { answer, transform } = compression ?? {};
      await answerTester(tester, answer === undefined ? undefined : () => answer);
      if (transform !== undefined) tester.useTransform(transform(false));
      connection = await connecting;
      const said = await tester.run(testCase);
      await connection.closed;
      return said;
    },
    stop() {
      server.stop();
      listener.close();
    },
  };
}
