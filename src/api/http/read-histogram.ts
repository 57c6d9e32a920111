// A histogram that is kept elsewhere, as prom-client shows one.
import { Histogram, type MetricObjectWithValues, type MetricType, type MetricValueWithName } from "prom-client";
import type { DurationsView } from "../measures-views.ts";

// The library declares an enum for this, and has none.
const HISTOGRAM = "histogram" as unknown as MetricType.Histogram;

export class ReadHistogram extends Histogram<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string | null;
  readonly #parts: Readonly<Record<string, () => DurationsView | null>>;

  /** @param label tells the parts apart; null where there is one. */
  constructor(
    name: string,
    help: string,
    label: string | null,
    parts: Readonly<Record<string, () => DurationsView | null>>,
  ) {
    super({ name, help, registers: [], labelNames: label === null ? [] : [label] });
    this.#name = name;
    this.#help = help;
    this.#label = label;
    this.#parts = parts;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const values = Object.entries(this.#parts).flatMap(([part, read]) => this.#values(part, read()));
    return { name: this.#name, help: this.#help, type: HISTOGRAM, aggregator: "sum", collect: () => undefined, values };
  }

  /** The registry asks this of histograms, in place of `get`. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }

  #values(part: string, view: DurationsView | null): MetricValueWithName<string>[] {
    if (view === null) return [];
    const own: Record<string, string> = this.#label === null ? {} : { [this.#label]: part };
    let sum = 0;
    const buckets = view.counts.map((count, at) => {
      sum += count;
      const le = view.boundsSec[at];
      return { metricName: `${this.#name}_bucket`, labels: { le: le === undefined ? "+Inf" : le, ...own }, value: sum };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: own, value: view.sumSec },
      { metricName: `${this.#name}_count`, labels: own, value: sum },
    ];
  }
}
