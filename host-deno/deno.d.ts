/** The few parts of Deno's own names that this host uses; Deno's types are not among the packages. */

/** An address in native memory. */
interface DenoPointer {
  readonly opaque: unique symbol;
}

interface DenoPointerView {
  getInt32(offset?: number): number;
  getPointer(offset?: number): DenoPointer | null;
}

type DenoAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string | null };

type DenoPlace =
  | { readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

interface DenoConn {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** Of TCP connections only. */
  setNoDelay?(noDelay: boolean): void;
  /** Of TCP connections only; when, the system says. */
  setKeepAlive?(on: boolean): void;
  ref(): void;
  unref(): void;
}

interface DenoListenerObject {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConn>;
  close(): void;
}

interface DenoFileInfo {
  readonly isSocket: boolean | null;
  readonly dev: number;
  readonly ino: number | null;
}

interface DenoForeignFunction {
  readonly name?: string;
  readonly parameters: readonly ("i32" | "u32" | "pointer" | "buffer")[];
  readonly result: "i32" | "pointer" | "void";
  readonly nonblocking?: boolean;
}

type DenoPermission =
  | { readonly name: "net"; readonly host?: string }
  | { readonly name: "read" | "write"; readonly path?: string }
  | { readonly name: "env"; readonly variable?: string }
  | { readonly name: "ffi" | "sys" | "run" | "import" };

declare const Deno: {
  readonly version: { readonly deno: string };
  readonly build: { readonly os: string; readonly arch: string };
  readonly mainModule: string;
  readonly args: readonly string[];
  readonly env: { get(variable: string): string | undefined };
  readonly permissions: {
    querySync(permission: DenoPermission): {
      readonly state: "granted" | "prompt" | "denied";
      /** Granted for some of what it is about. */
      readonly partial: boolean;
    };
  };
  readonly errors: {
    readonly NotCapable: new (message: string) => Error;
    readonly ConnectionRefused: new (message: string) => Error;
  };
  listen(
    place: DenoPlace & { readonly reusePort?: boolean; readonly tcpBacklog?: number },
  ): DenoListenerObject;
  connect(place: DenoPlace & { readonly signal?: AbortSignal }): Promise<DenoConn>;
  /** There only with --unstable-net. */
  readonly listenDatagram?: unknown;
  lstatSync(path: string): DenoFileInfo;
  removeSync(path: string): void;
  chmodSync(path: string, mode: number): void;
  /** `Functions` describes what `symbols` names: nothing checks that they agree. */
  dlopen<Functions>(
    file: string,
    symbols: Readonly<Record<string, DenoForeignFunction>>,
  ): { readonly symbols: Functions };
  readonly UnsafePointer: {
    of(bytes: ArrayBufferView): DenoPointer;
    offset(pointer: DenoPointer, offset: number): DenoPointer;
  };
  readonly UnsafePointerView: {
    new (pointer: DenoPointer): DenoPointerView;
    copyInto(pointer: DenoPointer, target: Uint8Array): void;
  };
};
