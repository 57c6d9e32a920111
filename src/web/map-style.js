// How the map is drawn, in the colours that the page has at the moment.

/** @param {HTMLElement} of */
export function mapStyle(of) {
  const styles = getComputedStyle(of);
  /** @param {string} name */
  const color = (name) => styles.getPropertyValue(`--${name}`).trim();
  const font = styles.fontFamily;
  const label = {
    "font-family": font,
    color: color("text"),
    "text-outline-color": color("ground"),
    "text-outline-width": 3,
  };
  /** @type {any[]} The library's own types know less than it does. */
  const sheet = [
    {
      selector: "node",
      style: {
        ...label,
        shape: "round-rectangle",
        width: 46,
        height: 46,
        "background-color": color("panel"),
        "border-width": 2,
        "border-color": color("up"),
        label: "data(label)",
        "text-valign": "bottom",
        "text-margin-y": 7,
        "font-size": 14,
        "font-weight": 600,
        "min-zoomed-font-size": 7,
        "text-max-width": "130px",
        "text-wrap": "ellipsis",
      },
    },
    {
      selector: "node.many",
      style: { width: 34, height: 34, "font-size": 12, "font-weight": 500, "text-max-width": "92px" },
    },
    { selector: "node.hub", style: { width: 58, height: 58, "border-width": 3 } },
    { selector: "node.ill", style: { "border-color": color("pending"), "background-color": color("warn-soft") } },
    {
      selector: "node.waits",
      style: { "border-color": color("pending"), "border-style": "dotted", "border-width": 3 },
    },
    {
      selector: "node.off",
      style: {
        shape: "round-diamond",
        width: 54,
        height: 54,
        "border-color": color("down"),
        "background-color": color("down-soft"),
        "border-width": 3,
      },
    },
    { selector: "node.off.many", style: { width: 42, height: 42 } },
    {
      // Where there is no room for all names, those are told that matter.
      selector: "node.many.off, node.many.ill, node.many.end, node.many.chosen, node.many.onpath",
      style: {
        "font-size": 30,
        "font-weight": 600,
        "min-zoomed-font-size": 0,
        "text-max-width": "300px",
        "z-index": 8,
      },
    },
    { selector: "node.many.end", style: { "border-width": 5, "border-color": color("down") } },
    {
      selector: "node.endpoint",
      style: {
        shape: "ellipse",
        width: 14,
        height: 14,
        "background-color": color("accent"),
        "border-width": 0,
        "font-size": 11,
        "font-weight": 400,
        "text-margin-y": 3,
      },
    },
    {
      selector: "node.endpoint.meant",
      style: { width: 20, height: 20, "border-width": 4, "border-color": color("accent-soft") },
    },
    {
      selector: "edge",
      style: {
        width: "data(width)",
        "curve-style": "straight",
        "line-color": color("up-line"),
        "target-arrow-color": color("down"),
        "source-arrow-color": color("down"),
        "arrow-scale": 1.1,
      },
    },
    {
      selector: "edge.long",
      style: { "curve-style": "unbundled-bezier", "control-point-distances": [40], "control-point-weights": [0.5] },
    },
    { selector: "edge.pending", style: { "line-style": "dotted", "line-color": color("pending") } },
    {
      selector: "edge.down",
      style: { "line-style": "dashed", "line-color": color("down"), "line-dash-pattern": [8, 5], "z-index": 3 },
    },
    { selector: "edge.error", style: { "line-color": color("down"), "z-index": 3 } },
    { selector: "edge.deaf-b", style: { "target-arrow-shape": "tee" } },
    { selector: "edge.deaf-a", style: { "source-arrow-shape": "tee" } },
    { selector: "edge.link", style: { "line-color": color("soft") } },
    { selector: "edge.holds", style: { width: 1, "line-color": color("line") } },
    {
      selector: "edge.load",
      style: { ...label, label: "data(load)", "font-size": 11, "line-color": color("up"), "min-zoomed-font-size": 7 },
    },
    { selector: "edge.load.down, edge.load.error", style: { "line-color": color("down") } },
    { selector: ".dim", style: { opacity: 0.16 } },
    {
      selector: "node.chosen",
      style: {
        "outline-color": color("accent"),
        "outline-width": 4,
        "outline-offset": 3,
        "border-width": 3,
        "text-margin-y": 14,
      },
    },
    {
      selector: "node.onpath",
      style: {
        "outline-color": color("path"),
        "outline-width": 4,
        "outline-offset": 3,
        opacity: 1,
        "text-margin-y": 14,
      },
    },
    {
      selector: "edge.path",
      style: {
        ...label,
        width: 5,
        "curve-style": "unbundled-bezier",
        "control-point-distances": [34],
        "control-point-weights": [0.5],
        "line-color": color("path"),
        "target-arrow-color": color("path"),
        "target-arrow-shape": "triangle",
        label: "data(label)",
        color: color("path"),
        "font-size": 15,
        "font-weight": 700,
        "z-index": 9,
      },
    },
    {
      selector: "edge.path.lost",
      style: {
        "line-style": "dashed",
        "line-color": color("down"),
        "target-arrow-color": color("down"),
        color: color("down"),
      },
    },
    { selector: ":active", style: { "overlay-opacity": 0.06 } },
  ];
  return sheet;
}
