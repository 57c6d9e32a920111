// Meters: how many packets a second they let through (OpenFlow 1.3.5, section 5.7).
import { type MeterConfig, type MeterMod, OFPM } from "../../../proto/openflow13/index.ts";
import { SwitchRefusal } from "./switch-error.ts";

interface Bucket {
  readonly config: MeterConfig;
  tokens: number;
  filledMs: number;
}

export class Meters {
  readonly #meters = new Map<number, Bucket>();

  has(meterId: number): boolean {
    return this.#meters.has(meterId);
  }

  configs(meterId: number): readonly MeterConfig[] {
    const all = [...this.#meters.values()].map(({ config }) => config);
    return meterId === OFPM.ALL ? all : all.filter((config) => config.meterId === meterId);
  }

  /** @throws SwitchRefusal */
  apply({ command, meterId, flags, bands }: MeterMod, nowMs: number): void {
    if (command === "delete") {
      if (meterId === OFPM.ALL) this.#meters.clear();
      else this.#meters.delete(meterId);
      return;
    }
    if (command === "add" && this.has(meterId)) throw new SwitchRefusal("OFPMMFC_METER_EXISTS");
    if (command === "modify" && !this.has(meterId)) throw new SwitchRefusal("OFPMMFC_UNKNOWN_METER");
    const config = { meterId, flags, bands };
    this.#meters.set(meterId, { config, tokens: burstOf(config), filledMs: nowMs });
  }

  clear(): void {
    this.#meters.clear();
  }

  /** Whether one packet more may pass now. */
  passes(meterId: number, nowMs: number): boolean {
    const bucket = this.#meters.get(meterId);
    const [band] = bucket?.config.bands ?? [];
    if (bucket === undefined || band === undefined) return true;
    const filled = bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * rateOf(bucket.config);
    bucket.tokens = Math.min(filled, burstOf(bucket.config));
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function rateOf({ bands: [band] }: MeterConfig): number {
  return band !== undefined && "rate" in band ? band.rate : 0;
}

/** Open vSwitch takes a second's packets where no burst is given. */
function burstOf(config: MeterConfig): number {
  const [band] = config.bands;
  const burst = band !== undefined && "burstSize" in band ? band.burstSize : 0;
  return burst > 0 ? burst : Math.max(1, rateOf(config));
}
