// Where hosts stand on the map, and which tunnels are drawn. Pure: the same fabric has the same picture every time.

/** @typedef {import("../api/map-views.ts").MapView} MapView */
/** @typedef {import("../api/views.ts").TunnelView} TunnelView */
/** @typedef {{ readonly x: number, readonly y: number }} Point */
/** @typedef {{ readonly key: string, readonly a: string, readonly b: string, readonly state: string, readonly tunnels: readonly TunnelView[] }} Pair */

/** With more hosts than this a ring has no room for names. */
const RING = 24;
/** More lines than this are a blot, not a map. */
const DRAWN = 160;
/** Spokes do not cross. */
const SPOKES = 1_600;
/** A host that has this share of all others for neighbours, where most have not, is a hub. */
const HUB_SHARE = 0.6;
const STEP = 96;

/** The worse first. */
const RANK = ["error", "down", "pending", "up"];

/** @param {string} a @param {string} b */
export function pairKey(a, b) {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Both directions as one line, in the state of the worse. @param {readonly TunnelView[]} tunnels @returns {Map<string, Pair>} */
export function pairs(tunnels) {
  /** @type {Map<string, TunnelView[]>} */
  const found = new Map();
  for (const tunnel of tunnels) {
    const key = pairKey(tunnel.from, tunnel.to);
    const known = found.get(key);
    if (known === undefined) found.set(key, [tunnel]);
    else known.push(tunnel);
  }
  return new Map(
    [...found].map(([key, both]) => {
      const [first] = both;
      const [a = "", b = ""] = first === undefined ? [] : [first.from, first.to].sort();
      const state = RANK.find((one) => both.some((tunnel) => tunnel.state === one)) ?? "up";
      return [key, { key, a, b, state, tunnels: both }];
    }),
  );
}

/** @param {MapView} map @returns {ReadonlySet<string>} */
export function hubs(map) {
  if (map.tunnels.fullMesh || map.hosts.length < 4) return new Set();
  /** @type {Map<string, number>} */
  const degrees = new Map();
  for (const { a, b } of pairs(map.listed).values()) {
    degrees.set(a, (degrees.get(a) ?? 0) + 1);
    degrees.set(b, (degrees.get(b) ?? 0) + 1);
  }
  const many = (map.hosts.length - 1) * HUB_SHARE;
  const found = [...degrees].filter(([, degree]) => degree >= many).map(([id]) => id);
  return new Set(found.length <= map.hosts.length / 3 ? found : []);
}

/** @param {MapView} map @returns {ReadonlySet<string>} */
export function awayHosts(map) {
  return new Set(map.hosts.filter(({ state }) => state === "down").map(({ id }) => id));
}

/** @param {readonly string[]} ids @param {number} radius @param {number} squeeze @returns {[string, Point][]} */
function ring(ids, radius, squeeze) {
  return ids.map((id, at) => {
    const angle = (2 * Math.PI * at) / ids.length - Math.PI / 2;
    return [id, { x: radius * Math.cos(angle) * squeeze, y: (radius * Math.sin(angle)) / squeeze }];
  });
}

/** @param {readonly string[]} ids @param {number} aspect @returns {[string, Point][]} */
function grid(ids, aspect) {
  const columns = Math.max(1, Math.round(Math.sqrt(ids.length * aspect)));
  return ids.map((id, at) => [id, { x: (at % columns) * STEP, y: Math.floor(at / columns) * STEP }]);
}

/**
 * @param {MapView} map
 * @param {number} aspect width by height of what it is drawn on
 * @returns {ReadonlyMap<string, Point>}
 */
export function places(map, aspect) {
  const ids = map.hosts.map((host) => host.id);
  const squeeze = Math.min(1.35, Math.max(0.8, Math.sqrt(aspect)));
  if (ids.length === 1) return new Map(ring(ids, 0, 1));
  const central = hubs(map);
  if (central.size === 0) {
    if (ids.length > RING) return new Map(grid(ids, aspect));
    return new Map(ring(ids, Math.max(130, ids.length * 26), squeeze));
  }
  const inner = ids.filter((id) => central.has(id));
  const outer = ids.filter((id) => !central.has(id));
  const placed = ring(inner, inner.length === 1 ? 0 : Math.max(60, inner.length * 24), squeeze);
  let radius = Math.max(190, inner.length * 40);
  for (let at = 0; at < outer.length; ) {
    const fits = Math.max(6, Math.floor((2 * Math.PI * radius) / 70));
    placed.push(...ring(outer.slice(at, at + fits), radius, squeeze));
    at += fits;
    radius += 90;
  }
  return new Map(placed);
}

/**
 * The lines that are drawn: all of a small fabric; of a large one those that somebody should look at, and of the chosen host.
 * That a host is away is told by the host itself: the fan of its tunnels would hide what is wrong elsewhere.
 * @param {MapView} map
 * @param {readonly TunnelView[]} chosen the tunnels of the chosen host
 * @returns {{ readonly drawn: readonly Pair[], readonly left: number }} `left`: tunnels that are up and not drawn
 */
export function lines(map, chosen) {
  const all = pairs([...map.listed, ...chosen.filter((one) => !map.listed.includes(one))]);
  const limit = hubs(map).size > 0 ? SPOKES : DRAWN;
  const listed = pairs(map.listed);
  const isAll = map.unlisted === 0 && listed.size <= limit && map.listed.length === map.tunnels.total;
  const meant = new Set(chosen.map((one) => pairKey(one.from, one.to)));
  const away = awayHosts(map);
  /** @param {Pair} pair */
  const isNews = ({ a, b, state }) => state !== "up" && !away.has(a) && !away.has(b);
  const drawn = [...all.values()].filter((pair) => isAll || isNews(pair) || meant.has(pair.key));
  const shown = drawn.reduce((sum, pair) => sum + pair.tunnels.filter(({ state }) => state === "up").length, 0);
  return { drawn, left: Math.max(0, map.tunnels.states.up - shown) };
}
