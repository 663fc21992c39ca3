/** What goes wrong with other processes. */

/** A program has ended with an exit code other than 0. */
export class CalledProcessError extends Error {
  override readonly name: string = "CalledProcessError";
  /** The exit code, or the number of the signal that ended it, below zero. */
  readonly returnCode: number;
  /** The program, and what it was given. */
  readonly command: readonly string[];

  constructor(returnCode: number, command: readonly string[]) {
    const how = returnCode < 0 ? `was ended by signal ${-returnCode}` : `returned ${returnCode}`;
    super(`Command "${command.join(" ")}" ${how}`);
    this.returnCode = returnCode;
    this.command = command;
  }
}
