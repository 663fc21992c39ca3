/** Opens some connections to a port and sends on each as fast as the peer takes it, for ever. */
import { connect } from "node:net";

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const bytes = new Uint8Array(1024 * 1024);
for (let i = 0; i < count; i++) {
  const socket = connect(port, "127.0.0.1");
  const send = (): void => {
    while (socket.write(bytes)) {}
  };
  socket.on("connect", send);
  socket.on("drain", send);
  // The test has ended.
  socket.on("error", () => process.exit());
}
