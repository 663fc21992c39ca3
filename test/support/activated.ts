/** An echo server on sockets that whoever started it has opened. */
import type { IOStream } from "../../src/iostream.ts";
import { activatedSockets } from "../../src/netutil.ts";
import { TCPServer } from "../../src/tcpserver.ts";

class Echo extends TCPServer {
  override async handleStream(stream: IOStream): Promise<void> {
    for (;;) await stream.write(await stream.readUntil("\n"));
  }
}

await new Echo().addSockets(activatedSockets());
