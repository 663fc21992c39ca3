/**
 * Hello, world in TypeScript. Run it with `node app.ts`, `bun run app.ts` or
 * `deno run --allow-net app.ts`; `--port=N` chooses another port than 8888.
 */

import process from "node:process";
import { banner } from "squall";
import { Application, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

const port = Number(/--port[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 8888);
const server = await new Application([["/", MainHandler]]).listen(port);
console.log(banner(server));
