// Hello, world in as many processes as the second argument says, on the port that the first says.
import process from "node:process";
import { Application, HTTPServer, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get() {
    this.write("Hello, world");
  }
}

const server = new HTTPServer(new Application([["/", MainHandler]]));
server.bind(Number(process.argv[2]), "127.0.0.1");
await server.start(Number(process.argv[3]));
