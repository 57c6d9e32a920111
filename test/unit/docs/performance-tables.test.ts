// What docs/performance.md says was measured is what the results say.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

type Table = (titles: readonly string[], rows: readonly (readonly string[])[]) => string[];
type Write = (present: string, directory: string, table: Table) => string;

const script = resolve(import.meta.dirname, "../../../scripts/performance-tables.mjs");
const table: Table = (titles, rows) => [titles, ...rows].map((cells) => cells.join(" | "));
const marked = (inner: string): string =>
  `# Fast\n\n<!-- begin: results join -->\n${inner}\n<!-- end: results join -->\n\nAnd so on.\n`;

describe("the measured parts of a document", () => {
  let directory: string;
  let write: Write;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "weft-results-"));
    ({ performanceDocument: write } = (await import(script)) as { performanceDocument: Write });
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("say that nothing was measured while there are no results, and the same again the second time", () => {
    const once = write(marked("old"), directory, table);
    expect(once).toBe(marked("\nNot measured yet.\n"));
    expect(write(once, directory, table)).toBe(once);
  });

  it("are tables, laws and notes out of the results; the rest of the document stays", () => {
    const results = {
      ...{ node: "v20.1.0", cpu: "EPYC", cores: 2, memoryGiB: 24, runs: 5 },
      tables: [{ title: "Joins", header: ["hosts", "s"], rows: [["30", "1.2"]] }],
      growth: [
        { title: "written", size: "hosts", cost: "s", law: { exponent: 1, constant: 0.04, r2: 0.99 } },
        { title: "live", size: "hosts", cost: "s", law: null },
      ],
      notes: ["ovn was left out."],
    };
    writeFileSync(join(directory, "join.json"), JSON.stringify(results));
    expect(write(marked(""), directory, table)).toBe(
      marked(
        [
          "",
          "2 cores of EPYC, 24 GiB, node 20.1.0; medians of 5 runs.",
          "",
          "Joins:",
          "",
          "hosts | s",
          "30 | 1.2",
          "",
          "How cost grows:",
          "",
          "- written, by hosts: size^1.00, 0.04 s at 1 (r2 0.990)",
          "",
          "ovn was left out.",
          "",
        ].join("\n"),
      ),
    );
  });
});
