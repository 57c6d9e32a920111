// The lists beside the map: they tell all that it shows, and are all that a screen reader or a keyboard needs.
import { awayHosts } from "./layout.js";
import { counted, element, rateText, replaceChildren, timeText } from "./words.js";

/** @typedef {import("../api/map-views.ts").MapView} MapView */
/** @typedef {import("../api/views.ts").TunnelView} TunnelView */
/** @typedef {import("../api/doctor-views.ts").FindingView} FindingView */
/** @typedef {import("../api/event-views.ts").EventView} EventView */
/** @typedef {(host: string) => void} Choose */
/** @typedef {{ readonly code: string, readonly severity: string, readonly message: string, readonly remedy: string, readonly command: string | null, readonly hosts: readonly string[] }} Told */

const MAX_PROBLEMS = 100;
const MAX_TUNNELS = 60;
const MAX_HOST_LINKS = 8;

/** @param {MapView} map @returns {(id: string) => string} */
export function namer(map) {
  const names = new Map(map.hosts.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

/** What the doctor finds, and before it has answered what hosts say themselves. @param {MapView} map @param {readonly FindingView[] | null} findings @returns {readonly Told[]} */
export function problemsOf(map, findings) {
  if (findings === null) return map.problems.map((one) => ({ ...one, severity: "warning", command: null }));
  return findings.map(({ host, ...rest }) => ({ ...rest, hosts: host === null ? [] : [host] }));
}

/** @param {string} text @param {() => void} press @param {string} key @param {string} [label] */
function link(text, press, key, label) {
  return element(
    "button",
    {
      type: "button",
      class: "link",
      "data-key": key,
      onclick: press,
      ...(label === undefined ? {} : { "aria-label": label }),
    },
    text,
  );
}

/** @param {string} text */
function commandLine(text) {
  const copy = element(
    "button",
    { type: "button", "data-key": `copy ${text}`, "aria-label": `Copy the command ${text}` },
    "Copy",
  );
  copy.addEventListener("click", () => {
    navigator.clipboard?.writeText(text).then(
      () => {
        copy.textContent = "Copied";
      },
      () => undefined,
    );
  });
  return element("div", { class: "command" }, element("code", {}, text), copy);
}

/** @param {HTMLElement} list @param {readonly Told[]} problems @param {(id: string) => string} name @param {Choose} choose */
export function showProblems(list, problems, name, choose) {
  if (problems.length === 0) {
    replaceChildren(list, [element("p", { class: "none" }, "None. All that Weft looks at is as it should be.")]);
    return;
  }
  const items = problems.slice(0, MAX_PROBLEMS).map((problem) => {
    const key = `${problem.code} ${problem.message}`;
    const links = problem.hosts
      .slice(0, MAX_HOST_LINKS)
      .map((id) => link(name(id), () => choose(id), `${key} ${id}`, `Show host ${name(id)}`));
    const more = problem.hosts.length - links.length;
    return element(
      "li",
      { class: problem.severity },
      element("p", { class: "kind" }, `${problem.severity}, ${problem.code}`),
      element("p", { class: "says" }, problem.message),
      element("p", { class: "remedy" }, problem.remedy),
      ...(problem.command === null ? [] : [commandLine(problem.command)]),
      ...(links.length === 0 ? [] : [element("p", { class: "links" }, ...links, more > 0 ? `and ${more} more` : "")]),
    );
  });
  const rest = problems.length - items.length;
  replaceChildren(
    list,
    rest > 0 ? [...items, element("li", { class: "note" }, `and ${rest} more: weft doctor lists them`)] : items,
  );
}

/** @param {HTMLElement} list @param {MapView} map @param {(id: string) => string} name @param {Choose} choose */
export function showTunnels(list, map, name, choose) {
  const away = awayHosts(map);
  const all = map.listed.filter(({ state }) => state !== "up");
  const ill = all.filter(({ from, to }) => !away.has(from) && !away.has(to));
  const items = ill.slice(0, MAX_TUNNELS).map((tunnel) =>
    element(
      "li",
      {},
      element("span", { class: `state ${tunnel.state}` }, tunnel.state),
      link(name(tunnel.from), () => choose(tunnel.from), `tunnel ${tunnel.from} ${tunnel.to} from`),
      " → ",
      link(name(tunnel.to), () => choose(tunnel.to), `tunnel ${tunnel.from} ${tunnel.to} to`),
      element("small", {}, [tunnel.name ?? tunnel.type, tunnel.remoteIp, tunnel.reason].filter(Boolean).join(", ")),
    ),
  );
  for (const id of away) {
    const count = all.filter(({ from, to }) => from === id || to === id).length;
    const lead = link(name(id), () => choose(id), `away ${id}`);
    if (count > 0) items.push(element("li", {}, lead, ` is away, and with it ${counted(count, "tunnel")}`));
  }
  const rest = ill.length - Math.min(ill.length, MAX_TUNNELS) + map.unlisted;
  if (rest > 0) items.push(element("li", { class: "none" }, `and ${rest} more`));
  const none =
    map.tunnels.total === 0 ? "There are no tunnels." : `None: all ${counted(map.tunnels.total, "tunnel")} are up.`;
  replaceChildren(list, items.length === 0 ? [element("li", { class: "none" }, none)] : items);
}

/** @param {HTMLElement} list @param {MapView} map @param {string | null} chosen @param {string | null} network @param {Choose} choose */
export function showHosts(list, map, chosen, network, choose) {
  const members = map.networks.find((one) => one.name === network)?.hosts;
  /** @type {Map<string, number>} */
  const endpoints = new Map();
  for (const { host } of map.endpoints) endpoints.set(host, (endpoints.get(host) ?? 0) + 1);
  const hosts = map.hosts.filter(({ id }) => members === undefined || members.includes(id));
  const items = hosts.map((host) =>
    element(
      "li",
      {},
      element(
        "button",
        {
          type: "button",
          "data-key": `host ${host.id}`,
          "aria-current": String(host.id === chosen),
          onclick: () => choose(host.id),
        },
        element("span", { class: "name" }, host.name),
        element("small", {}, counted(endpoints.get(host.id) ?? 0, "endpoint")),
        element("span", { class: `state ${host.state}` }, host.state),
      ),
    ),
  );
  replaceChildren(
    list,
    items.length === 0
      ? [element("li", { class: "none" }, "No host has joined. On one: ovs-vsctl set-manager tcp:CONTROLLER:6640")]
      : items,
  );
}

/** @param {HTMLElement} list @param {readonly EventView[]} events the newest first */
export function showEvents(list, events) {
  const items = events.map(({ seq, at, severity, message }) =>
    element(
      "li",
      { class: severity, "data-key": String(seq) },
      element("time", { datetime: at }, timeText(at)),
      message,
    ),
  );
  replaceChildren(list, items.length === 0 ? [element("li", { class: "none" }, "Nothing has happened yet.")] : items);
}

/** @param {HTMLElement} group @param {MapView} map @param {string | null} chosen @param {(network: string | null) => void} choose */
export function showNetworks(group, map, chosen, choose) {
  if (map.networks.length < 2) {
    replaceChildren(group, []);
    return;
  }
  /** @param {string} text @param {string | null} value @param {string} detail */
  const button = (text, value, detail) =>
    element(
      "button",
      {
        type: "button",
        "data-key": `network ${value ?? ""}`,
        "aria-pressed": String(value === chosen),
        onclick: () => choose(value),
      },
      text,
      element("small", {}, detail),
    );
  const all = button("All networks", null, "");
  const each = map.networks.map(({ name, tag, endpoints }) =>
    button(name, name, tag === null ? `${endpoints}` : `tag ${tag}, ${endpoints}`),
  );
  replaceChildren(group, [all, ...each]);
}

/**
 * @param {HTMLElement} body
 * @param {{ map: MapView, host: string, tunnels: readonly TunnelView[], endpoint: string | null, load: ReadonlyMap<string, number>, pairKey: (a: string, b: string) => string }} shown
 * @param {(id: string) => string} name
 * @param {{ choose: Choose, traceFrom(text: string): void }} handlers
 */
export function showHost(
  body,
  { map, host: id, tunnels, endpoint: meant, load, pairKey },
  name,
  { choose, traceFrom },
) {
  const host = map.hosts.find((one) => one.id === id);
  if (host === undefined) return;
  /** @type {readonly (readonly [string, string | null])[]} */
  const facts = [
    ["id", host.id === host.name ? null : host.id],
    ["tunnel IP", host.tunnelIp],
    ["bridge", host.bridge],
    ["OVSDB", host.ovsdb],
    ["OpenFlow", host.openflow],
    ["Open vSwitch", host.ovsVersion],
    [
      "flows",
      host.flows.desired === host.flows.installed
        ? String(host.flows.installed)
        : `${host.flows.installed} of ${host.flows.desired}`,
    ],
  ];
  const list = element("dl");
  list.append(
    element("dt", {}, "state"),
    element("dd", {}, element("span", { class: `state ${host.state}` }, host.state)),
  );
  for (const [key, value] of facts) if (value !== null) list.append(element("dt", {}, key), element("dd", {}, value));
  const own = map.endpoints.filter((one) => one.host === id);
  const guests = own.map((one) => {
    const key = `${one.network} ${one.mac}`;
    const [first = one.mac] = one.ips;
    return element(
      "li",
      { class: key === meant ? "meant" : "" },
      element("span", { class: "mono" }, one.ips.join(", ") || one.mac),
      element(
        "small",
        {},
        ` ${[one.ips.length > 0 ? one.mac : "", one.port ?? "", one.network, one.owner ?? ""].filter(Boolean).join(", ")} `,
      ),
      link("trace", () => traceFrom(first), `trace ${key}`, `Trace from ${first}`),
    );
  });
  const peers = tunnels
    .filter((one) => one.from === id)
    .map((one) => {
      const bytes = load.get(pairKey(id, one.to)) ?? 0;
      const detail = [one.name ?? one.type, one.remoteIp, one.reason, bytes >= 1000 ? rateText(bytes) : ""]
        .filter(Boolean)
        .join(", ");
      return element(
        "li",
        {},
        element("span", { class: `state ${one.state}` }, one.state),
        "to ",
        link(name(one.to), () => choose(one.to), `peer ${one.to}`),
        element("small", {}, ` ${detail}`),
      );
    });
  const relays = map.relays
    .filter((one) => one.from === id || one.to === id)
    .map((one) =>
      element(
        "li",
        {},
        `${name(one.from)} → ${name(one.to)} by ${name(one.by)}`,
        element("small", {}, ` ${one.reason}`),
      ),
    );
  replaceChildren(body, [
    list,
    ...part(`Endpoints (${own.length})`, guests),
    ...part(`Tunnels (${peers.length})`, peers),
    ...part("Relays in use", relays),
  ]);
}

/** @param {string} title @param {readonly HTMLElement[]} items */
function part(title, items) {
  if (items.length === 0) return [];
  return [
    element("h3", {}, title),
    element("ul", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, ...items),
  ];
}
