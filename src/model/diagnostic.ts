// What a person should know about a host or port, with the remedy: status, never a stack trace.

export interface Diagnostic {
  /** Stable identifier, such as `host/ovn-owned`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; a command where there is one. */
  readonly remedy: string;
}

export function diagnostic(code: string, message: string, remedy: string): Diagnostic {
  return Object.freeze({ code, message, remedy });
}
