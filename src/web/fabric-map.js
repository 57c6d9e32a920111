// The map: hosts and tunnels as they are, kept in step with what the controller says without anything that jumps.
import cytoscape from "./cytoscape.mjs";
import { hubs, lines, pairKey, places } from "./layout.js";
import { mapStyle } from "./map-style.js";

/** @typedef {import("../api/map-views.ts").MapView} MapView */
/** @typedef {import("../api/views.ts").TunnelView} TunnelView */
/** @typedef {import("../api/trace-views.ts").TraceView} TraceView */
/** @typedef {import("../api/rate-views.ts").RatesView} RatesView */
/** @typedef {import("cytoscape").ElementDefinition & { readonly classes: string }} Wanted */

const MANY = 24;
const MAX_SHOWN_ENDPOINTS = 16;
const PADDING = 46;
/** Straight lines of a grid run through the hosts between. */
const CURVED_ABOVE = 24;

/**
 * @typedef {object} Shown
 * @property {MapView} map
 * @property {string | null} host that is chosen
 * @property {string | null} endpoint that is meant, as `NETWORK MAC`
 * @property {string | null} network that alone is to be seen
 * @property {readonly TunnelView[]} tunnels of the chosen host
 * @property {TraceView | null} trace
 * @property {RatesView | null} rates
 */

/** Both ways. @param {RatesView | null} rates @returns {ReadonlyMap<string, number>} bytes a second by pair */
export function loads(rates) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const { host, peer, txBytesPerSec } of rates?.tunnels ?? []) {
    if (peer !== null) found.set(pairKey(host, peer), (found.get(pairKey(host, peer)) ?? 0) + txBytesPerSec);
  }
  return found;
}

/** 2 for an idle one, some more for each tenfold. @param {number} bytesPerSec */
function widthOf(bytesPerSec) {
  return bytesPerSec < 1000 ? 2 : Math.min(9, 2 + Math.log10(bytesPerSec / 1000) * 1.3);
}

export class FabricMap {
  #container;
  #cy;
  /** Which hosts are placed, on what shape of paper. */
  #placed = "";
  /** @type {Shown | null} */
  #shown = null;
  /** @type {(bytesPerSec: number) => string} */
  #rateText;

  /**
   * @param {HTMLElement} container
   * @param {{ chosen(host: string | null): void, hovered(host: string | null, x: number, y: number): void, rateText(bytesPerSec: number): string }} handlers
   */
  constructor(container, handlers) {
    this.#container = container;
    this.#rateText = handlers.rateText;
    this.#cy = cytoscape({
      container,
      style: mapStyle(container),
      minZoom: 0.08,
      maxZoom: 2.5,
      boxSelectionEnabled: false,
      autounselectify: true,
    });
    this.#cy.on("tap", (event) => {
      if (event.target === this.#cy) handlers.chosen(null);
      else if (event.target.isNode()) handlers.chosen(event.target.data("host"));
    });
    this.#cy.on("mouseover", "node", (event) => {
      const at = event.target.renderedPosition();
      handlers.hovered(event.target.data("host"), at.x, at.y);
    });
    this.#cy.on("mouseout viewport", () => handlers.hovered(null, 0, 0));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.#cy.style(mapStyle(container)));
    new ResizeObserver(() => {
      this.#cy.resize();
      if (this.#shown !== null) this.show(this.#shown);
    }).observe(container);
  }

  /** For those who look at it from outside: what stands there, and how. */
  describe() {
    return this.#cy.elements().map((one) => ({
      id: one.id(),
      group: one.group(),
      classes: one.classes(),
      color: one.style(one.isEdge() ? "line-color" : "border-color"),
      ends: one.isEdge() ? [one.source().id(), one.target().id()] : [],
    }));
  }

  /** @param {number} factor */
  zoom(factor) {
    const at = { x: this.#container.clientWidth / 2, y: this.#container.clientHeight / 2 };
    this.#cy.zoom({ level: this.#cy.zoom() * factor, renderedPosition: at });
  }

  fit() {
    this.#cy.fit(undefined, PADDING);
    // A few hosts need not fill a wall.
    if (this.#cy.zoom() > 1.25) {
      this.#cy.zoom(1.25);
      this.#cy.center();
    }
  }

  /** @param {string} host */
  look(host) {
    const node = this.#cy.getElementById(`host ${host}`);
    const box = node.renderedBoundingBox();
    const isIn =
      box.x1 > 0 && box.y1 > 0 && box.x2 < this.#container.clientWidth && box.y2 < this.#container.clientHeight;
    if (node.nonempty() && !isIn) this.#cy.center(node);
  }

  /** @param {Shown} shown @returns {number} how many tunnels that are up are not drawn */
  show(shown) {
    this.#shown = shown;
    const { map } = shown;
    const { drawn, left } = lines(map, shown.tunnels);
    const ends = new Set(drawn.flatMap(({ a, b, state }) => (state === "up" ? [] : [a, b])));
    const wanted = [
      ...this.#hosts(shown, ends),
      ...this.#tunnels(shown, drawn),
      ...this.#endpoints(shown),
      ...this.#path(shown),
    ];
    const ids = new Set(wanted.map((one) => String(one.data.id)));
    this.#cy.batch(() => {
      this.#cy.elements().forEach((one) => {
        if (!ids.has(one.id())) this.#cy.remove(one);
      });
      for (const one of wanted) {
        const there = this.#cy.getElementById(String(one.data.id));
        if (there.empty()) this.#cy.add(one);
        else {
          there.data(one.data);
          if (there.classes().join(" ") !== one.classes) there.classes(one.classes);
        }
      }
    });
    this.#place(shown);
    return left;
  }

  /** @param {Shown} shown */
  #place({ map }) {
    const { clientWidth, clientHeight } = this.#container;
    if (clientWidth === 0 || clientHeight === 0) return;
    const aspect = clientWidth / clientHeight;
    const key = JSON.stringify([map.hosts.map(({ id }) => id), [...hubs(map)], Math.round(aspect * 3)]);
    if (key !== this.#placed) {
      this.#placed = key;
      for (const [id, at] of places(map, aspect)) this.#cy.getElementById(`host ${id}`).position({ ...at });
      this.#placeEndpoints();
      this.fit();
    } else this.#placeEndpoints();
  }

  #placeEndpoints() {
    const center = this.#cy.elements("node.host").boundingBox();
    const middle = { x: (center.x1 + center.x2) / 2, y: (center.y1 + center.y2) / 2 };
    const there = this.#cy.elements("node.endpoint");
    there.forEach((node, at) => {
      const host = this.#cy.getElementById(`host ${node.data("host")}`).position();
      const away = Math.atan2(host.y - middle.y, host.x - middle.x);
      const spread = Math.min(Math.PI * 1.5, there.length * 0.6);
      const angle = there.length === 1 ? away : away - spread / 2 + (spread * at) / (there.length - 1);
      node.position({ x: host.x + 96 * Math.cos(angle), y: host.y + 82 * Math.sin(angle) });
    });
  }

  /** @param {Shown} shown @param {ReadonlySet<string>} ends of tunnels that are not up @returns {Wanted[]} */
  #hosts({ map, host: chosen, network, trace }, ends) {
    const members = map.networks.find((one) => one.name === network)?.hosts;
    const central = hubs(map);
    const onPath = new Set(trace?.hops.map((hop) => hop.host));
    const hasPath = onPath.size > 0;
    return map.hosts.map((host) => {
      const classes = ["host"];
      if (map.hosts.length > MANY) classes.push("many");
      if (central.has(host.id)) classes.push("hub");
      if (host.state === "down" || host.state === "refused") classes.push("off");
      else if (host.state !== "up") classes.push("waits");
      else if (host.problems.length > 0) classes.push("ill");
      if (ends.has(host.id)) classes.push("end");
      if (host.id === chosen) classes.push("chosen");
      if (onPath.has(host.id)) classes.push("onpath");
      else if (hasPath || (members !== undefined && !members.includes(host.id))) classes.push("dim");
      return {
        group: "nodes",
        data: { id: `host ${host.id}`, host: host.id, label: host.name },
        classes: classes.join(" "),
      };
    });
  }

  /** @param {Shown} shown @param {ReturnType<typeof lines>["drawn"]} drawn @returns {Wanted[]} */
  #tunnels({ map, host, network, trace, rates }, drawn) {
    const members = map.networks.find((one) => one.name === network)?.hosts;
    const known = new Set(map.hosts.map(({ id }) => id));
    const load = loads(rates);
    /** @param {string} a @param {string} b @param {boolean} isUp */
    const isDim = (a, b, isUp) =>
      trace !== null ||
      (members !== undefined && !(members.includes(a) && members.includes(b))) ||
      (host !== null && isUp && a !== host && b !== host);
    const tunnels = drawn
      .filter(({ a, b }) => known.has(a) && known.has(b))
      .map((pair) => {
        const { a, b, state } = pair;
        const bytes = load.get(pair.key) ?? 0;
        const classes = ["tunnel", state];
        const ills = pair.tunnels.filter((one) => one.state === "down" || one.state === "error");
        // One that hears nothing is the end at which it stops.
        if (ills.length === 1 && pair.tunnels.length === 2) classes.push(ills[0]?.from === a ? "deaf-a" : "deaf-b");
        if (map.hosts.length > CURVED_ABOVE) classes.push("long");
        if (bytes >= 1000 && (a === host || b === host || drawn.length <= 30)) classes.push("load");
        if (isDim(a, b, state === "up")) classes.push("dim");
        const width = state === "error" ? 4 : state === "up" ? widthOf(bytes) : 3;
        const data = {
          id: `tunnel ${pair.key}`,
          source: `host ${a}`,
          target: `host ${b}`,
          width,
          load: this.#rateText(bytes),
        };
        return /** @type {Wanted} */ ({ group: "edges", data, classes: classes.join(" ") });
      });
    const links = map.links.map(({ from, fromPort, to, toPort, state }) => {
      const data = {
        id: `link ${from} ${fromPort} ${to} ${toPort}`,
        source: `host ${from}`,
        target: `host ${to}`,
        width: 3,
        load: "",
      };
      const classes = `tunnel link ${state}${isDim(from, to, state === "up") ? " dim" : ""}`;
      return /** @type {Wanted} */ ({ group: "edges", data, classes });
    });
    return [
      ...tunnels,
      ...links.filter(({ data }) => known.has(String(data.source).slice(5)) && known.has(String(data.target).slice(5))),
    ];
  }

  /** Of the chosen host. @param {Shown} shown @returns {Wanted[]} */
  #endpoints({ map, host, endpoint: meant, network }) {
    if (host === null) return [];
    const own = map.endpoints.filter((one) => one.host === host && (network === null || one.network === network));
    const shown = own.filter((one, at) => at < MAX_SHOWN_ENDPOINTS || `${one.network} ${one.mac}` === meant);
    return shown.flatMap((one) => {
      const id = `endpoint ${host} ${one.network} ${one.mac}`;
      const classes = `endpoint${`${one.network} ${one.mac}` === meant ? " meant" : ""}`;
      return /** @type {Wanted[]} */ ([
        { group: "nodes", data: { id, host, label: one.ips[0] ?? one.mac }, classes },
        { group: "edges", data: { id: `holds ${id}`, source: `host ${host}`, target: id, width: 1 }, classes: "holds" },
      ]);
    });
  }

  /** @param {Shown} shown @returns {Wanted[]} */
  #path({ trace, map }) {
    const known = new Set(map.hosts.map(({ id }) => id));
    const legs = (trace?.hops ?? []).flatMap((hop) =>
      hop.outputs.flatMap((output) =>
        output.toHost === null ? [] : [{ from: hop.host, to: output.toHost, arrives: output.arrives }],
      ),
    );
    return legs
      .filter(({ from, to }) => known.has(from) && known.has(to))
      .map(({ from, to, arrives }, at) => ({
        group: "edges",
        // The ends of an edge that stands there are never changed: another trace has other edges.
        data: {
          id: `path ${at} ${from} ${to}`,
          source: `host ${from}`,
          target: `host ${to}`,
          label: String(at + 1),
          width: 5,
        },
        classes: arrives ? "path" : "path lost",
      }));
  }
}
