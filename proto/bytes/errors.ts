// The base of every error in the project: a stable code, a cause, and the context a person needs to find the culprit.

export interface WeftErrorOptions {
  readonly cause?: unknown;
  readonly context?: Readonly<Record<string, unknown>>;
  /** Whether doing the same again later can succeed. Decided where the error is made, never by matching its message. */
  readonly retryable?: boolean;
}

/** `code` is stable and may be relied on ("wire/short"); `message` is for people and may change. */
export class WeftError extends Error {
  readonly code: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: WeftErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = Object.freeze({ ...options.context });
    this.retryable = options.retryable ?? false;
  }
}

export interface WireErrorOptions extends WeftErrorOptions {
  /** Where in the message, in bytes from its first one. */
  readonly offset: number;
  /** The field that is wrong, in the specification's words. */
  readonly field: string;
}

/** Bytes that the specification forbids, or a value that does not fit the field it is written to. */
export class WireError extends WeftError {
  readonly offset: number;
  readonly field: string;

  constructor(code: string, message: string, options: WireErrorOptions) {
    const { offset, field } = options;
    super(code, `${message} (${field} at offset ${offset})`, {
      ...options,
      context: { ...options.context, offset, field },
    });
    this.offset = offset;
    this.field = field;
  }
}
