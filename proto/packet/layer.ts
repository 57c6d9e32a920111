// What every decoder of this folder returns: the value it could read, and whether bytes were missing for more.

/** Bytes no decoder here looks into, or that do not hold what their header promises. */
export interface RawPayload {
  readonly kind: "raw";
  readonly bytes: Uint8Array;
}

/** `truncated` is true when this layer, or one inside it, announced more bytes than there were. */
export interface Layer<T> {
  readonly value: T;
  readonly truncated: boolean;
}

/** A layer that holds all its bytes. */
export function whole<T>(value: T): Layer<T> {
  return { value, truncated: false };
}

/** A layer cut short. */
export function cut<T>(value: T): Layer<T> {
  return { value, truncated: true };
}

/** Bytes left as they are. */
export function raw(bytes: Uint8Array): RawPayload {
  return { kind: "raw", bytes };
}
