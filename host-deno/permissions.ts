/**
 * Asks Deno what this process may do, and words the refusal with the command line that helps.
 * Calls through FFI are not checked by Deno, so `tcp-epoll.ts` asks here before each address.
 */

/** A permission's state, without asking the user. */
export function isGranted(permission: DenoPermission): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** How Deno writes an address in `--allow-net`. */
function netName(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function allowsNet(host: string, port: number): boolean {
  return isGranted({ name: "net", host: netName(host, port) });
}

/** Throws unless the user allows this name or address, as Deno does for its own sockets. */
export function requireNet(act: string, host: string, port: number): void {
  const name = netName(host, port);
  const { state } = Deno.permissions.querySync({ name: "net", host: name });
  if (state !== "granted") throw refusal(`${act} ${name}`, netAdvice(state, name));
}

/** Throws if the address that a permitted name resolved to is one that the user denies. */
export function requireNotDenied(act: string, host: string, port: number): void {
  const name = netName(host, port);
  const { state } = Deno.permissions.querySync({ name: "net", host: name });
  if (state === "denied") throw refusal(`${act} ${name}`, netAdvice(state, name));
}

/** Throws unless a Unix socket's path may be read, written and used as an address. */
export function requirePath(act: string, path: string): void {
  const flags = missingForPath(path);
  if (flags.length > 0) throw refusal(`${act} ${path}`, `Run: ${commandLine(flags)}`);
}

function missingForPath(path: string): string[] {
  const missing: string[] = [];
  if (!isGranted({ name: "read", path })) missing.push(`--allow-read=${path}`);
  if (!isGranted({ name: "write", path })) missing.push(`--allow-write=${path}`);
  if (!isGranted({ name: "net", host: `unix:${path}` })) missing.push(`--allow-net=unix:${path}`);
  return missing;
}

/**
 * Runs what Deno checks itself (and may ask the user about). Its refusal names one flag; this one
 * the whole command line. What is missing is found out before: a refusal changes the answers.
 */
export async function advised<T>(act: string, place: DenoPlace, run: () => T): Promise<Awaited<T>> {
  const error = expectedRefusal(act, place);
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotCapable) throw error();
    throw placed(thrown, `${act} ${nameOf(place)}`);
  }
}

/** Deno's errors do not say what could not be done, nor where: this one of the same class does. */
function placed(thrown: unknown, act: string): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const Same = thrown.constructor as ErrorConstructor;
  const error = new Same(`Cannot ${act}: ${thrown.message}`);
  return "code" in thrown ? Object.assign(error, { code: thrown.code }) : error;
}

function nameOf(place: DenoPlace): string {
  return "path" in place ? place.path : netName(place.hostname, place.port);
}

function expectedRefusal(act: string, place: DenoPlace): () => Error {
  if ("path" in place) {
    const flags = missingForPath(place.path);
    return () => refusal(`${act} ${place.path}`, `Run: ${commandLine(flags)}`);
  }
  const name = nameOf(place);
  const { state } = Deno.permissions.querySync({ name: "net", host: name });
  return () => refusal(`${act} ${name}`, netAdvice(state, name));
}

/** Deno ends the process when an unstable option is used, so it is not even tried. */
export function reusePortIsUnstable(port: number): Error {
  const flags = ["--unstable-net", "--allow-net"];
  const advice = `Run: ${commandLine(flags)} (or with --allow-ffi instead of --unstable-net)`;
  const message = `Cannot share port ${port}: reusePort of Deno's own sockets is unstable. ${advice}`;
  return Object.assign(new Error(message), { code: "ENOTSUP" });
}

/** Deno's own sockets have no descriptors that another process could use. */
export function noDescriptors(act: string): Error {
  const advice = `Run: ${commandLine(["--allow-net", "--allow-ffi"])}`;
  const message = `Cannot ${act} an inherited socket: Deno's own ones give no descriptor. ${advice}`;
  return Object.assign(new Error(message), { code: "ENOTSUP" });
}

function netAdvice(state: string, name: string): string {
  if (state === "denied") return "--deny-net forbids it.";
  return `Run: ${commandLine(["--allow-net", "--allow-ffi"])} (or --allow-net=${name}, for that alone)`;
}

function refusal(act: string, advice: string): Error {
  const error = new Deno.errors.NotCapable(`Cannot ${act}: permission is missing. ${advice}`);
  return Object.assign(error, { code: "EACCES" });
}

const KINDS = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;

/**
 * The command that starts this program again with the permissions it has in full. Throws if one is
 * denied in part: Deno does not tell for what, and the new process would have more than this one.
 */
export function programCommand(): string[] {
  const states = KINDS.map((name) => ({ name, ...stateOf(name) }));
  const part = states.find(({ state, partial }) => state === "granted" && partial);
  if (part !== undefined) {
    throw new Error(
      `Cannot start this program again: Deno does not tell what --deny-${part.name} denies. ` +
        'Say how in the option "command"',
    );
  }
  const granted = states.filter(({ state }) => state === "granted");
  const flags = granted.map(({ name }) => `--allow-${name}`);
  if (Deno.listenDatagram !== undefined) flags.push("--unstable-net");
  return [process.execPath, "run", "--no-prompt", ...flags, mainProgram(), ...Deno.args];
}

function stateOf(name: (typeof KINDS)[number]): { state: string; partial: boolean } {
  const { state, partial } = Deno.permissions.querySync({ name });
  return { state, partial };
}

function mainProgram(): string {
  const main = Deno.mainModule;
  return main.startsWith("file:") ? decodeURIComponent(new URL(main).pathname) : main;
}

/** This program's command line with the flags it has in full and those it needs. */
function commandLine(needed: readonly string[]): string {
  const kinds = ["read", "write", "env", "sys", "run", "import"] as const;
  const had = kinds.filter((name) => isGranted({ name })).map((name) => `--allow-${name}`);
  const flags = new Set([...had, ...needed]);
  return ["deno run", ...flags, mainProgram(), ...Deno.args].join(" ");
}
