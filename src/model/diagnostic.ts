// What a person should know about a host or port, with the remedy: status, never a stack trace.

export interface Diagnostic {
  /** Stable identifier, such as `host/ovn-owned`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; a command where there is one. */
  readonly remedy: string;
  /** The port, tunnel or address at fault, where it is not plain from whose problem this is. */
  readonly subject?: string;
  /** What mends it, or shows more, to be run as it stands; where `remedy` does not hold it. */
  readonly command?: string;
  /** What it tells of is put right already: there is nothing to mend. */
  readonly isOver?: boolean;
}

export function diagnostic(
  code: string,
  message: string,
  remedy: string,
  more: Pick<Diagnostic, "subject" | "command" | "isOver"> = {},
): Diagnostic {
  return Object.freeze({ code, message, remedy, ...more });
}
