/** What a benchmark says to a client of its own in another process, which answers each command once. */
import type { ChildProcess, Serializable } from "node:child_process";
import { once } from "node:events";

/** Resolves with the answer. Rejects if the process ends without one. */
export async function tell<Command extends Serializable, Reply>(
  client: ChildProcess,
  command: Command,
): Promise<Reply> {
  const answered = new AbortController();
  const { signal } = answered;
  const exit = once(client, "exit", { signal }).then(() => {
    throw new Error("Cannot go on: the client has ended");
  });
  // It ends so when the answer is there.
  exit.catch(() => undefined);
  const reply = once(client, "message", { signal });
  client.send(command);
  const [message] = await Promise.race([reply, exit]);
  answered.abort();
  return message as Reply;
}
