// One client, measured in a process of its own, on every runtime. Prints a line of JSON: microseconds
// of processor time and of wall time per GET: of the first 1,000, of the next 1,000, and warm.
//
//   node client.js squall http://127.0.0.1:8888/ 20

const BATCH = 1000;
const AT_ONCE = 10;

const [kind, url, batches] = process.argv.slice(2);

/** Makes what fetches once and gives the body's length. */
const makers = {
  async squall() {
    const { HTTPClient } = await import("../../dist/src/httpclient.js");
    const client = new HTTPClient({ maxClients: AT_ONCE });
    const get = async () => (await client.fetch(url)).body.length;
    return { get, close: () => client.close() };
  },
  async undici() {
    const { Agent, request } = await import("undici");
    const dispatcher = new Agent({ connections: AT_ONCE });
    const get = async () => {
      const { body } = await request(url, { dispatcher });
      return (await body.arrayBuffer()).byteLength;
    };
    return { get, close: () => dispatcher.close() };
  },
  async fetch() {
    const get = async () => (await (await fetch(url)).arrayBuffer()).byteLength;
    return { get, close: () => undefined };
  },
};

const { get, close } = await makers[kind]();

/** 1,000 GETs, 10 at a time: the next one as soon as one is there. */
async function batch() {
  let left = BATCH;
  let bytes = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const length = await get();
        bytes += length;
      }
    }),
  );
  if (bytes !== BATCH * "Hello, world".length)
    throw new Error(`Cannot measure: ${bytes} bytes came`);
}

async function measured(count) {
  const before = process.cpuUsage();
  const begin = performance.now();
  for (let number = 0; number < count; number++) await batch();
  const wall = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  const gets = count * BATCH;
  return { user: user / gets, system: system / gets, wall: (wall * 1000) / gets };
}

const cold = await measured(1);
const next = await measured(1);
await measured(30);
const warm = await measured(Number(batches));
console.log(JSON.stringify({ cold, next, warm }));
await close();
// What keeps a connection open would keep the process running.
process.exit(0);
