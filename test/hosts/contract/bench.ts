/**
 * What the contract's tests stand on: one open `Tcp`, the probes and listeners of the running
 * test, and the check after it that every socket closed exactly once and no rule was broken.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { expect } from "vitest";
import type {
  Address,
  ConnectOptions,
  Host,
  Listener,
  ListenOptions,
  StartTlsOptions,
  Tcp,
  TlsClientOptions,
  TlsServerOptions,
  TransferMemory,
} from "../../../src/host.ts";
import { createTransferMemory } from "../../support/transfer-memory.ts";
import { pass, until } from "../../support/until.ts";
import { type HostLimits, limitsOf } from "../limits.ts";
import { Probe, type Script } from "./probe.ts";

/** What is different about a host. */
export interface ContractOptions {
  /** Its sockets are no files and no descriptors, and no others can reach them. */
  readonly inMemory?: boolean;
}

/** Why output is lost once a peer that speaks TLS has ended: on every host of that runtime. */
export const NO_TLS_HALF_CLOSE: string | undefined =
  "bun" in process.versions ? "Bun closes a TLS connection whose peer has ended" : undefined;

/** A listener, and the probes of the connections that it accepted. */
export interface Station {
  readonly listener: Listener;
  readonly accepted: Probe[];
}

export interface Pair {
  readonly client: Probe;
  readonly server: Probe;
  readonly listener: Listener;
}

/** What servers and clients of a bench that speaks TLS say and trust. */
export interface BenchTls {
  readonly server: TlsServerOptions;
  readonly client: TlsClientOptions;
}

export class Bench {
  readonly tcp: Tcp;
  readonly memory: TransferMemory = createTransferMemory();
  readonly options: ContractOptions;
  readonly limits: HostLimits;
  /** The host uses epoll. */
  readonly epoll: boolean;
  /** Both ends speak TLS, if so. */
  readonly tls: BenchTls | undefined;
  readonly breaches: string[] = [];
  #probes: Probe[] = [];
  #listeners: Listener[] = [];
  /** Calls into the host, and calls from it, that have not returned yet. */
  #depth = 0;

  constructor(host: Host, options: ContractOptions, tls?: BenchTls) {
    this.tcp = host.openTcp(this.memory);
    this.options = options;
    this.limits = limitsOf(host.name);
    this.epoll = host.name.endsWith("-epoll");
    this.tls = tls;
  }

  async listen(options: ListenOptions = {}, script: Script = {}): Promise<Station> {
    const accepted: Probe[] = [];
    const place = options.path === undefined ? { host: "127.0.0.1", port: 0 } : {};
    const tls = this.tls && { tls: this.tls.server };
    const listener = await this.tcp.listen({ ...place, ...tls, ...options }, (socket) => {
      const probe = this.#add(new Probe(this, socket, script));
      accepted.push(probe);
      this.hear("accept", () => script.open?.(probe));
      return probe;
    });
    this.#listeners.push(listener);
    return { listener, accepted };
  }

  async connect(to: Address | ConnectOptions, script: Script = {}): Promise<Probe> {
    let probe: Probe | undefined;
    const tls = "tls" in to ? to.tls : this.tls?.client;
    const target: ConnectOptions = { ...to, ...(tls !== undefined && { tls }) };
    const socket = await this.tcp.connect(target, (made) => {
      const created = this.#add(new Probe(this, made, script));
      probe = created;
      this.hear("connected", () => script.open?.(created));
      return created;
    });
    if (probe === undefined || probe.socket !== socket) throw new Error("connect made no handler");
    return probe;
  }

  /** A connection whose both ends are the host's. */
  async pair(server: Script = {}, client: Script = {}): Promise<Pair> {
    const { listener, accepted } = await this.listen({}, server);
    const probe = await this.connect(listener.address, client);
    await until(() => accepted.length === 1);
    return { client: probe, server: accepted[0] as Probe, listener };
  }

  /** Begins TLS on a probe's connection, and gives the probe that takes its place. */
  async startTls(below: Probe, options: StartTlsOptions, script: Script = {}): Promise<Probe> {
    below.released = true;
    let probe: Probe | undefined;
    await this.tcp.startTls(below.socket, options, (socket) => {
      probe = this.#add(new Probe(this, socket, script));
      return probe;
    });
    return probe as unknown as Probe;
  }

  /** Runs a call into the host: nothing may be heard before it has returned. */
  call(action: () => void): void {
    this.#depth++;
    try {
      action();
    } finally {
      this.#depth--;
    }
  }

  /** Runs what a test does in a call from the host. */
  hear(event: string, action: () => void): void {
    if (this.#depth > 0) this.breaches.push(`${event} from inside another call`);
    try {
      this.call(action);
    } catch (error) {
      this.breaches.push(`${event}: ${error}`);
    }
  }

  /** A second handler for a socket that has one. */
  takeOver(first: Probe, script: Script = {}): Probe {
    first.released = true;
    const second = this.#add(new Probe(this, first.socket, script));
    first.socket.handler = second;
    return second;
  }

  /** Ends what the test left open, then checks the rules that hold for every test. */
  async settle(): Promise<void> {
    const probes = this.#probes.filter((probe) => !probe.released);
    for (const listener of this.#listeners) listener.close();
    this.#probes = [];
    this.#listeners = [];
    for (const probe of probes) if (!probe.closed) probe.abort();
    await until(() => probes.every((probe) => probe.closed), 8);
    await pass(5);
    expect(probes.every((probe) => probe.closes === 1)).toBe(true);
    expect(this.breaches.splice(0)).toEqual([]);
  }

  #add(probe: Probe): Probe {
    this.#probes.push(probe);
    return probe;
  }
}

/** A server that answers whatever it gets. */
export const answering: Script = { data: (_, probe) => probe.send(Buffer.from("pong")) };

/** A whole exchange with one that is `answering`. */
export async function exchange(bench: Bench, address: Address): Promise<void> {
  const client = await bench.connect(address);
  client.write(Buffer.from("ping"));
  await until(() => client.text === "pong");
  client.finish();
}

/** The code that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return undefined;
}

/** Where Linux lists this process's descriptors. */
export const DESCRIPTORS = "/proc/self/fd";

/** Sockets that this process has open. */
export function countSockets(): number {
  let count = 0;
  for (const entry of readdirSync(DESCRIPTORS)) {
    try {
      if (readlinkSync(`${DESCRIPTORS}/${entry}`).startsWith("socket:")) count++;
    } catch {
      // The descriptor that read the folder itself is gone by now.
    }
  }
  return count;
}

/** Asks who answers as `answering` does. */
export async function pingPong(client: Probe): Promise<void> {
  client.write(Buffer.from("ping"));
  await until(() => client.text === "pong");
}
