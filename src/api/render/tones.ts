// Which states are good news.
import type { HostState, TunnelState } from "../views.ts";
import type { Tone } from "./style.ts";

const TONES: Readonly<Record<HostState | TunnelState, Tone>> = {
  up: "good",
  joining: "warn",
  pending: "warn",
  waiting: "warn",
  refused: "bad",
  down: "bad",
  error: "bad",
};

export function stateTone(state: string): Tone | undefined {
  return Object.hasOwn(TONES, state) ? TONES[state as HostState | TunnelState] : undefined;
}
