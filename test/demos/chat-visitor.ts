/** One visitor of the chat as a program: greets, and waits until three have been heard. */
import process from "node:process";
import { User } from "./chat-user.ts";

const [url = "", name = ""] = process.argv.slice(2);
const user = new User(url);
await user.login(name);
await user.say(`Greetings from ${name}`);
for (const other of ["Ada", "Bob", "Eve"]) await user.hear(`Greetings from ${other}`);
console.log(`${name} heard Ada, Bob, Eve`);
process.exit(0);
