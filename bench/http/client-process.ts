/** What a benchmark says to a client of its own in another process, which answers each command once. */
import type { ChildProcess, Serializable } from "node:child_process";
import { once } from "node:events";

/** Resolves with the answer. Rejects if the process ends without one. */
export async function tell<Command extends Serializable, Reply>(
  client: ChildProcess,
  command: Command,
): Promise<Reply> {
  const reply = once(client, "message");
  const exit = once(client, "exit").then(() => {
    throw new Error("Cannot go on: the client has ended");
  });
  client.send(command);
  const [message] = await Promise.race([reply, exit]);
  return message as Reply;
}
