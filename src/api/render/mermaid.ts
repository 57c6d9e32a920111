// The fabric in the language of Mermaid, which many wikis and forges draw by themselves.
import type { TopologyView } from "../views.ts";
import { type EdgeKind, type GraphEdge, graphOf } from "./graph.ts";

const ARROWS: Readonly<Record<EdgeKind, string>> = { tunnel: "---", relay: "-.->", foreign: "-.-", link: "===" };

/** Marks within words alone: a hyphen, or a number with a dot, at the beginning of a line would make it a list. */
const SPECIAL = /[^\p{L}\p{N} .,:()/-]|(?<![\p{L}\p{N}])-|-(?![\p{L}\p{N}])|\.(?= |$)/gu;

/**
 * What could end a label, begin markup or be taken for a link goes by its number (mermaid.js.org, "Entity codes to
 * escape characters").
 */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll(SPECIAL, (char) => `#${char.codePointAt(0) ?? 0};`));
  return `"${escaped.join("<br/>")}"`;
}

export function topologyMermaid(view: TopologyView): string {
  const graph = graphOf(view);
  const edge = ({ from, to, kind, lines }: GraphEdge): string => `  ${from} ${ARROWS[kind]}|${quoted(lines)}| ${to}`;
  const down = graph.edges.flatMap((one, at) => (one.down ? [`${at}`] : []));
  const bad = graph.nodes.filter((node) => node.state === "bad").map((node) => node.id);
  return [
    "flowchart LR",
    ...graph.nodes.map(({ id, lines }) => `  ${id}[${quoted(lines)}]`),
    ...graph.edges.map(edge),
    ...(down.length === 0 ? [] : [`  linkStyle ${down.join(",")} stroke:red`]),
    ...(bad.length === 0 ? [] : ["  classDef bad stroke:red", `  class ${bad.join(",")} bad`]),
    "",
  ].join("\n");
}
