// Instructions (OpenFlow 1.3.5, section 7.2.4).
import type { Action } from "./action-types.ts";

export type Instruction =
  | { readonly kind: "goto_table"; readonly tableId: number }
  | { readonly kind: "write_metadata"; readonly metadata: bigint; readonly mask: bigint }
  | { readonly kind: "write_actions"; readonly actions: readonly Action[] }
  | { readonly kind: "apply_actions"; readonly actions: readonly Action[] }
  | { readonly kind: "clear_actions" }
  | { readonly kind: "meter"; readonly meterId: number }
  | { readonly kind: "experimenter"; readonly experimenter: number; readonly bytes: Uint8Array };
