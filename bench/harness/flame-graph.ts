// A flame graph of a profile as one SVG file that needs nothing else: a box for each call, as wide as its share of the time.
import { type CpuProfile, callTree, type Frame } from "./cpu-profile.ts";

const WIDTH = 1400;
const ROW = 17;
const TOP = 34;
/** Boxes narrower than this are not drawn. */
const NARROWEST = 0.4;
/** About the width of one letter, in a monospaced font of 11 pixels. */
const LETTER = 6.6;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The same colour for the same function in every graph: warm ones, greys for what V8 does by itself. */
function colourOf(name: string): string {
  if (name.startsWith("(")) return "#c9c9c9";
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return `hsl(${8 + (hash % 44)} 88% ${62 + (hash % 13)}%)`;
}

/** Calls of one function from one place are one box, the widest first. */
function merged(frames: readonly Frame[]): readonly Frame[] {
  const byName = new Map<string, Frame[]>();
  for (const frame of frames) {
    const same = byName.get(frame.name);
    if (same === undefined) byName.set(frame.name, [frame]);
    else same.push(frame);
  }
  return [...byName.values()]
    .map((same) => ({
      name: same[0]?.name ?? "",
      selfUs: same.reduce((sum, { selfUs }) => sum + selfUs, 0),
      totalUs: same.reduce((sum, { totalUs }) => sum + totalUs, 0),
      children: same.flatMap(({ children }) => children),
    }))
    .sort((a, b) => b.totalUs - a.totalUs || (a.name < b.name ? -1 : 1));
}

export function flameGraph(profile: CpuProfile, title: string): string {
  const root = callTree(profile);
  const boxes: string[] = [];
  let deepest = 0;
  const all = root?.totalUs ?? 0;
  const draw = (frame: Frame, left: number, depth: number): void => {
    const width = all === 0 ? 0 : (frame.totalUs / all) * WIDTH;
    if (width < NARROWEST) return;
    deepest = Math.max(deepest, depth);
    const y = TOP + depth * ROW;
    const share = ((frame.totalUs / all) * 100).toFixed(1);
    const own = (frame.selfUs / 1000).toFixed(1);
    const letters = Math.floor((width - 4) / LETTER);
    const label = frame.name.length <= letters ? frame.name : letters < 4 ? "" : `${frame.name.slice(0, letters - 1)}…`;
    const tip = `${frame.name}: ${(frame.totalUs / 1000).toFixed(1)} ms, ${share} %; ${own} ms its own`;
    boxes.push(
      `<g><title>${escaped(tip)}</title><rect x="${left.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(frame.name)}"/>` +
        `${label === "" ? "" : `<text x="${(left + 3).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`}</g>`,
    );
    let x = left;
    for (const child of merged(frame.children)) {
      draw(child, x, depth + 1);
      x += (child.totalUs / all) * WIDTH;
    }
  };
  if (root !== undefined) draw(root, 0, 0);
  const height = TOP + (deepest + 1) * ROW + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    "<style>text{font:11px monospace;fill:#111;pointer-events:none}g:hover rect{stroke:#000}</style>",
    `<rect width="100%" height="100%" fill="#fff"/><text x="4" y="20">${escaped(title)}: ${(all / 1000).toFixed(0)} ms of work</text>`,
    ...boxes,
    "</svg>",
    "",
  ].join("\n");
}
