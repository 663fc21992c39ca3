/** Logs to standard error, and to a file if one is named, and says at the end that it has lived. */
import { accessLog, appLog, enablePrettyLogging, getLogger, setSinks } from "../../../src/log.ts";

const [logFilePrefix] = process.argv.slice(2);
enablePrettyLogging(logFilePrefix === undefined ? {} : { logFilePrefix, logToStderr: true });
// Node hears of a failed write some time later, and again with the next one.
for (let round = 0; round < 3; round++) {
  accessLog.info("200 GET /");
  appLog.error("Uncaught exception", { error: new Error("as the test wants it") });
  await new Promise((resolve) => setTimeout(resolve, 5));
}
setSinks({
  write() {
    throw new Error("as the test wants it");
  },
});
getLogger("other").error("to a sink that fails");
console.log("alive");
