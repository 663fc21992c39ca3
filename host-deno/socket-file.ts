/** The files of Unix sockets: which are stale, and who may remove them. For both socket layers. */

/** Tells one socket file from another of the same name; undefined if there is none. */
export function inodeOf(path: string): string | undefined {
  try {
    const found = Deno.lstatSync(path);
    return found.isSocket === true ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a socket that nobody listens on, which a process that was killed has left. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (inodeOf(path) === undefined) return;
  if (await refuses(path)) Deno.removeSync(path);
}

async function refuses(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

/** Removes the file of a listener, unless another listener has taken its place. */
export function removeSocket(path: string, inode: string | undefined): void {
  if (inode !== undefined && inodeOf(path) === inode) Deno.removeSync(path);
}
