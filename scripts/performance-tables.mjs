// The measured parts of docs/performance.md: written out of bench/results, between lines that name the benchmark.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MARKED = /<!-- begin: results ([a-z0-9-]+) -->\n[\s\S]*?<!-- end: results \1 -->/g;

function resultsOf(directory, name) {
  try {
    return JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function lawText({ exponent, constant, r2 }, cost) {
  const at = Number(constant.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
  return `size^${exponent.toFixed(2)}, ${at} ${cost} at 1 (r2 ${r2.toFixed(3)})`;
}

function measuredOn({ node, cpu, cores, memoryGiB, runs }) {
  const many = runs === 1 ? "one run" : `medians of ${runs} runs`;
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, node ${node.replace("v", "")}; ${many}.`;
}

function sectionOf(results, table) {
  if (results === undefined) return ["Not measured yet."];
  const { tables = [], growth = [], notes = [] } = results;
  const laws = growth.filter(({ law }) => law !== null);
  return [
    measuredOn(results),
    ...tables.flatMap(({ title, header, rows }) => ["", `${title}:`, "", ...table(header, rows)]),
    ...(laws.length === 0 ? [] : ["", "How cost grows:", ""]),
    ...laws.map(({ title, size, cost, law }) => `- ${title}, by ${size}: ${lawText(law, cost)}`),
    ...notes.flatMap((note) => ["", note]),
  ];
}

/**
 * @param present the document as it is
 * @param table writes a table of Markdown: lines, of titles and rows
 */
export function performanceDocument(present, directory, table) {
  return present.replaceAll(MARKED, (_, name) => {
    const lines = sectionOf(resultsOf(directory, name), table);
    return [`<!-- begin: results ${name} -->`, "", ...lines, "", `<!-- end: results ${name} -->`].join("\n");
  });
}
