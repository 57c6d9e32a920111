// The fabric in the language of Graphviz: `weft topology --format dot | dot -Tsvg`.
import type { TopologyView } from "../views.ts";
import { type EdgeKind, type GraphEdge, type GraphNode, graphOf } from "./graph.ts";

const STYLES: Readonly<Record<EdgeKind, string>> = {
  tunnel: "style=solid",
  relay: "style=dashed, dir=forward, color=blue, constraint=false",
  foreign: "style=dotted, color=gray40",
  link: "style=bold",
};

const COLORS: Readonly<Record<GraphNode["state"], string>> = { good: "darkgreen", bad: "red", unknown: "gray40" };

/**
 * A double-quoted string: in it only the quote has to be escaped, and in a label a backslash begins an escape
 * (graphviz.org/doc/info/lang.html, k:escString).
 */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll("\\", "\\\\").replaceAll('"', '\\"'));
  return `"${escaped.join("\\n")}"`;
}

export function topologyDot(view: TopologyView): string {
  const graph = graphOf(view);
  const nodes = graph.nodes.map(({ id, lines, state }) => `  ${id} [label=${quoted(lines)}, color=${COLORS[state]}];`);
  const edge = ({ from, to, kind, lines, down }: GraphEdge): string =>
    `  ${from} -- ${to} [label=${quoted(lines)}, ${STYLES[kind]}${down ? ", color=red" : ""}];`;
  return [
    "graph weft {",
    `  label=${quoted([graph.title])};`,
    "  node [shape=box];",
    ...nodes,
    ...graph.edges.map(edge),
    "}",
    "",
  ].join("\n");
}
