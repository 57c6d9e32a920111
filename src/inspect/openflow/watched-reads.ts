// Watches which members of a value an encoder reads, so that one it asks for in vain, or never asks for, can be named.
import { wireName } from "./field-names.ts";

export interface WatchedReads<T> {
  readonly value: T;
  /** The last member that was read and was not there. */
  missing(): string | undefined;
  /** The first member that nobody has read. */
  unread(): string | undefined;
}

/** The value's plain objects and arrays are wrapped; bytes are not. */
export function watchReads<T extends object>(root: T, rootPath: string): WatchedReads<T> {
  const wrapped = new Map<object, object>();
  const seen = new Map<object, { readonly path: string; readonly names: Set<string>; all: boolean }>();
  let missing: string | undefined;

  function wrap(target: object, path: string): object {
    const known = wrapped.get(target);
    if (known !== undefined) return known;
    const record = { path, names: new Set<string>(), all: Array.isArray(target) };
    seen.set(target, record);
    const kind = "kind" in target ? target.kind : undefined;
    const nameOf = (name: string): string =>
      Array.isArray(target) ? `${path}[${name}]` : `${path}.${wireName(name, kind)}`;
    const proxy = new Proxy(target, {
      get(object, name): unknown {
        const value: unknown = Reflect.get(object, name);
        if (typeof name !== "string") return value;
        record.names.add(name);
        if (value === undefined && !(name in object)) missing = nameOf(name);
        if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
        return wrap(value, nameOf(name));
      },
      ownKeys(object) {
        record.all = true;
        return Reflect.ownKeys(object);
      },
    });
    wrapped.set(target, proxy);
    return proxy;
  }

  function unreadIn(target: unknown): string | undefined {
    if (typeof target !== "object" || target === null || target instanceof Uint8Array) return undefined;
    const record = seen.get(target);
    if (record === undefined) return undefined;
    for (const [name, inner] of Object.entries(target)) {
      if (!record.all && !record.names.has(name)) {
        return `${record.path}.${wireName(name, (target as { kind?: unknown }).kind)}`;
      }
      const found = unreadIn(inner);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return { value: wrap(root, rootPath) as T, missing: () => missing, unread: () => unreadIn(root) };
}
