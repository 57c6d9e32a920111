// The question for a path, as the control socket's positional arguments have it.
import { WeftError } from "../../proto/bytes/errors.ts";
import type { TraceRequest } from "./trace-views.ts";

/** An empty argument is one that was left out. @throws WeftError `control/usage` */
export function readTraceRequest(args: readonly string[]): TraceRequest & { readonly live?: boolean } {
  const [from = "", to = "", protocol = "", port = "", vlan = "", size = "", live = ""] = args;
  if (live !== "" && live !== "live") throw new WeftError("control/usage", `"${live}" is not "live"`);
  const portNumber = numberOf("port", port, 65_535);
  const vlanNumber = numberOf("VLAN", vlan, 4095);
  const sizeNumber = numberOf("size", size, 65_535);
  return {
    from,
    to,
    ...(protocol === "" ? {} : { protocol }),
    ...(portNumber === null ? {} : { port: portNumber }),
    ...(vlanNumber === null ? {} : { vlan: vlanNumber }),
    ...(sizeNumber === null ? {} : { size: sizeNumber }),
    ...(live === "" ? {} : { live: true }),
  };
}

function numberOf(what: string, text: string, max: number): number | null {
  if (text === "") return null;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new WeftError("control/usage", `"${text}" is not a ${what}, a whole number up to ${max}`);
}
