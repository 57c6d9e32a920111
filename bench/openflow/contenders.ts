// Who is measured: Weft with hosts that have joined it, and the others with switches that dial them; one load generator for all.
import type { Profiles } from "../harness/profiles.ts";
import { WeftProcess } from "../harness/weft-process.ts";
import { Generator } from "./generator-client.ts";
import type { ReferenceKind } from "./references.ts";

const DIAL_TIMEOUT_MS = 60_000;
/** 256 hosts with a tunnel for every pair take a while. */
const JOIN_TIMEOUT_MS = 600_000;

/** A controller with so many switches, at rest. */
export interface Arena {
  readonly name: string;
  readonly generator: Generator;
  /** Undefined for the others. */
  readonly weft?: WeftProcess;
  /** Whatever was learned is forgotten; nothing is done for those that take no harm from it. */
  forget(): Promise<void>;
}

export interface WeftArenaOptions {
  readonly switches: number;
  /** Whether all guests are in one network. */
  readonly isShared: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly profiles: Profiles | null;
}

/**
 * What a guest may do is bounded by default, and that is not what is measured: as many MACs as there are, at each port.
 * Loop probes would be packet-ins of their own.
 */
const UNBOUNDED = {
  endpoints: { perPort: 65_536, perHost: 1_048_576 },
  loops: { probeSec: 0 },
  timeouts: { startHoldSec: 0 },
};

/** Runs `work` with Weft and hosts that have joined it, and ends both. */
export async function withWeft<T>(options: WeftArenaOptions, work: (arena: Arena) => Promise<T>): Promise<T> {
  const { switches, isShared, config = {}, profiles } = options;
  const generator = new Generator();
  const label = `${switches}`;
  const weft = await WeftProcess.start({ config: { ...UNBOUNDED, ...config }, profiles, label }).catch(
    async (error: unknown) => {
      await generator.stop();
      throw error;
    },
  );
  try {
    const { ovsdbPort } = weft;
    await generator.ask({ kind: "join", count: switches, ovsdbPort, isShared, timeoutMs: JOIN_TIMEOUT_MS });
    const introduce = { kind: "introduce", isAnswered: true, timeoutMs: JOIN_TIMEOUT_MS } as const;
    const forget = async (): Promise<void> => {
      await generator.ask({ kind: "forget", isShared, timeoutMs: JOIN_TIMEOUT_MS });
      await generator.ask(introduce);
    };
    await generator.ask(introduce);
    return await work({ name: "Weft", generator, weft, forget });
  } catch (error) {
    throw new Error(`with Weft and ${switches} switches; the end of its log:\n${weft.logTail()}`, { cause: error });
  } finally {
    await weft.stop();
    await generator.stop();
  }
}

/** The same with another controller. */
export async function withReference<T>(
  kind: ReferenceKind,
  switches: number,
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  const generator = new Generator();
  try {
    const reference = await kind.start();
    try {
      await generator.ask({ kind: "dial", count: switches, port: reference.port, timeoutMs: DIAL_TIMEOUT_MS });
      await generator.ask({ kind: "introduce", isAnswered: false, timeoutMs: DIAL_TIMEOUT_MS });
      return await work({ name: kind.name, generator, forget: async () => undefined });
    } finally {
      await reference.stop();
    }
  } finally {
    await generator.stop();
  }
}
