// The page: asks, keeps what was answered and what is chosen, and shows it.
import { ask, listen, Refused, useToken } from "./connection.js";
import { FabricMap, loads } from "./fabric-map.js";
import { pairKey } from "./layout.js";
import {
  namer,
  problemsOf,
  showEvents,
  showHost,
  showHosts,
  showNetworks,
  showProblems,
  showTunnels,
} from "./panels.js";
import { searchBox } from "./search-box.js";
import { showTrace, showTraceMessage } from "./trace-panel.js";
import { byId, counted, element, rateText } from "./words.js";

/** @typedef {import("../api/map-views.ts").MapView} MapView */

/** The map, what the doctor finds, and rates, are asked for so often; an event has the first two asked for at once. */
const MAP_MS = 2_000;
const DOCTOR_MS = 10_000;
const RATES_MS = 5_000;
const AFTER_EVENT_MS = 150;
const MAX_EVENTS = 60;
/** Rates of more tunnels than this are a question for `weft top`. */
const MAX_RATED = 2_000;

const state = {
  /** @type {MapView | null} */
  map: null,
  etag: "",
  /** @type {readonly import("../api/doctor-views.ts").FindingView[] | null} */
  findings: null,
  /** @type {import("../api/rate-views.ts").RatesView | null} */
  rates: null,
  /** @type {import("../api/event-views.ts").EventView[]} The newest first. */
  events: [],
  /** @type {string | null} */
  host: null,
  /** @type {string | null} */
  endpoint: null,
  /** @type {string | null} */
  network: null,
  /** @type {readonly import("../api/views.ts").TunnelView[]} */
  tunnels: [],
  /** @type {import("../api/trace-views.ts").TraceView | null} */
  trace: null,
  /** Since when nothing was answered. */
  silentSince: 0,
};

const container = byId("map", HTMLElement);
const tip = byId("tip", HTMLElement);
const fabricMap = new FabricMap(container, { chosen: (host) => choose(host), hovered, rateText });

/** @param {string | null} host @param {string | null} [endpoint] */
function choose(host, endpoint = null) {
  const isOther = state.host !== host;
  state.host = host;
  state.endpoint = endpoint;
  if (isOther) state.tunnels = [];
  draw();
  if (host === null) return;
  fabricMap.look(host);
  if (isOther) byId("chosen-title", HTMLElement).focus({ preventScroll: matchMedia("(min-width: 901px)").matches });
  void askTunnels();
}

async function askTunnels() {
  const { host } = state;
  if (host === null) return;
  try {
    const { view } = await ask("/tunnels", { host });
    if (state.host !== host) return;
    state.tunnels = view;
    draw();
  } catch {
    // The map tells when nothing is answered.
  }
}

/** @param {string | null} host @param {number} x @param {number} y */
function hovered(host, x, y) {
  const one = state.map?.hosts.find(({ id }) => id === host);
  tip.hidden = one === undefined;
  if (one === undefined || state.map === null) return;
  const own = state.map.endpoints.filter((endpoint) => endpoint.host === host);
  const guests = own
    .slice(0, 6)
    .map((endpoint) =>
      element("small", { class: "mono" }, `${endpoint.ips[0] ?? endpoint.mac} ${endpoint.port ?? ""}`),
    );
  const more = own.length > guests.length ? [element("small", {}, `and ${own.length - guests.length} more`)] : [];
  const said = `${one.state}, ${counted(own.length, "endpoint")}${one.problems.length > 0 ? `, ${counted(one.problems.length, "problem")}` : ""}`;
  tip.replaceChildren(element("strong", {}, one.name), element("small", {}, said), ...guests, ...more);
  const left = Math.min(x + 30, container.clientWidth - tip.offsetWidth - 8) + container.offsetLeft;
  const top = Math.min(y, container.clientHeight - tip.offsetHeight - 8) + container.offsetTop;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, top)}px`;
}

/** @param {MapView} map */
function drawHeader(map) {
  const problems = problemsOf(map, state.findings).filter(({ severity }) => severity !== "note");
  const isCritical =
    problems.some(({ severity }) => severity === "critical") || map.hosts.some((host) => host.state === "down");
  const up = map.hosts.filter((host) => host.state === "up").length;
  const ill = map.tunnels.total - map.tunnels.states.up;
  const kind = problems.length + ill === 0 && up === map.hosts.length ? "well" : isCritical ? "critical" : "warning";
  byId("verdict", HTMLElement).className = kind;
  const what =
    problems.length > 0
      ? counted(problems.length, "problem")
      : up < map.hosts.length
        ? `${counted(map.hosts.length - up, "host")} not up`
        : `${counted(ill, "tunnel")} not up`;
  const text = map.hosts.length === 0 ? "No host has joined" : kind === "well" ? "All is well" : what;
  setText("verdict-text", text);
  const tunnels =
    ill === 0
      ? `${counted(map.tunnels.total, "tunnel")} up`
      : `${ill.toLocaleString("en")} of ${counted(map.tunnels.total, "tunnel")} not up`;
  const endpoints = counted(map.endpoints.length + map.unlistedEndpoints, "endpoint");
  setText("summary", `${up} of ${counted(map.hosts.length, "host")} up, ${tunnels}, ${endpoints}`);
  document.title = kind === "well" ? "Weft" : `(${text}) Weft`;
  const said = `The fabric: ${up} of ${counted(map.hosts.length, "host")} up, ${tunnels}`;
  container.setAttribute("aria-label", said);
}

/** A status that is set to what it says already would be read aloud again. @param {string} id @param {string} text */
function setText(id, text) {
  const place = byId(id, HTMLElement);
  if (place.textContent !== text) place.textContent = text;
}

function draw() {
  const { map, host, network } = state;
  if (map === null) return;
  if (network !== null && !map.networks.some(({ name }) => name === network)) state.network = null;
  if (host !== null && !map.hosts.some(({ id }) => id === host)) state.host = null;
  const name = namer(map);
  drawHeader(map);
  const left = fabricMap.show({ ...state, map });
  setText("map-note", left === 0 ? "" : `${counted(left, "tunnel")} up and not drawn; choose a host for its own`);
  const problems = problemsOf(map, state.findings);
  const count = problems.filter(({ severity }) => severity !== "note").length;
  setText("problems-count", count === 0 ? "" : String(count));
  showProblems(byId("problems", HTMLElement), problems, name, choose);
  setText(
    "tunnels-count",
    map.tunnels.total === map.tunnels.states.up ? "" : String(map.tunnels.total - map.tunnels.states.up),
  );
  showTunnels(byId("tunnels", HTMLElement), map, name, choose);
  setText("hosts-count", String(map.hosts.length));
  showHosts(byId("hosts", HTMLElement), map, state.host, state.network, choose);
  showNetworks(byId("networks", HTMLElement), map, state.network, (chosen) => {
    state.network = chosen;
    draw();
  });
  byId("chosen", HTMLElement).hidden = state.host === null;
  if (state.host === null) return;
  setText("chosen-title", name(state.host));
  const shown = {
    map,
    host: state.host,
    tunnels: state.tunnels,
    endpoint: state.endpoint,
    load: loads(state.rates),
    pairKey,
  };
  showHost(byId("chosen-body", HTMLElement), shown, name, { choose, traceFrom });
}

/** @param {string} text */
function traceFrom(text) {
  byId("trace-from", HTMLInputElement).value = text;
  byId("trace-to", HTMLInputElement).focus();
}

function clearTrace() {
  state.trace = null;
  byId("trace-answer", HTMLElement).replaceChildren();
  draw();
}

byId("trace", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = byId("trace-answer", HTMLElement);
  showTraceMessage(answer, "Following the frame …");
  try {
    const from = byId("trace-from", HTMLInputElement).value.trim();
    const to = byId("trace-to", HTMLInputElement).value.trim();
    const { view } = await ask("/trace", { from, to });
    state.trace = view;
    if (state.map !== null) showTrace(answer, view, namer(state.map), clearTrace);
  } catch (error) {
    state.trace = null;
    showTraceMessage(answer, error instanceof Error ? error.message : String(error));
  }
  draw();
});

searchBox(
  { input: byId("find-text", HTMLInputElement), list: byId("find-list", HTMLElement) },
  () => state.map,
  (found) => {
    if (found.kind === "network") {
      state.network = found.key;
      draw();
    } else choose(found.host, found.kind === "endpoint" ? found.key : null);
  },
);
byId("chosen-close", HTMLElement).addEventListener("click", () => choose(null));
byId("zoom-in", HTMLElement).addEventListener("click", () => fabricMap.zoom(1.3));
byId("zoom-out", HTMLElement).addEventListener("click", () => fabricMap.zoom(1 / 1.3));
byId("zoom-fit", HTMLElement).addEventListener("click", () => fabricMap.fit());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.host !== null && !(event.target instanceof HTMLInputElement)) choose(null);
});

const dialog = byId("token", HTMLDialogElement);
byId("token-form", HTMLFormElement).addEventListener("submit", () => {
  useToken(byId("token-text", HTMLInputElement).value.trim());
  byId("token-text", HTMLInputElement).value = "";
  void askMap();
});

/** @param {unknown} error */
function unanswered(error) {
  if (error instanceof Refused && error.status === 401) {
    setText("token-said", dialog.dataset.asked === "yes" ? error.message : "");
    dialog.dataset.asked = "yes";
    if (!dialog.open) dialog.showModal();
    return;
  }
  state.silentSince ||= Date.now();
  const since = new Date(state.silentSince).toTimeString().slice(0, 8);
  const why = error instanceof Refused ? error.message : "the controller does not answer";
  const stale = byId("stale", HTMLElement);
  setText("stale", `Since ${since}: ${why}.${state.map === null ? "" : " What is shown is from before."}`);
  stale.hidden = false;
  if (state.map === null) setText("verdict-text", "No answer");
}

async function askMap() {
  try {
    const { view, etag } = await ask("/map");
    state.silentSince = 0;
    byId("stale", HTMLElement).hidden = true;
    if (etag === state.etag) return;
    state.etag = etag;
    state.map = view;
    draw();
    await askTunnels();
  } catch (error) {
    unanswered(error);
  }
}

async function askDoctor() {
  if (state.map === null) return;
  try {
    const { view } = await ask("/doctor");
    state.findings = view;
    draw();
  } catch {
    // What hosts say of themselves is shown instead.
    state.findings = null;
  }
}

async function askRates() {
  if (state.map === null || state.map.tunnels.total > MAX_RATED || state.map.tunnels.total === 0) return;
  try {
    const { view } = await ask("/rates");
    state.rates = view;
    draw();
  } catch {
    state.rates = null;
  }
}

/** One after the other, and none while nobody looks. @param {() => Promise<void>} work @param {number} ms @returns {() => void} asks soon */
function every(ms, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    if (isRunning) {
      isWanted = true;
      return;
    }
    clearTimeout(timer);
    isRunning = true;
    isWanted = false;
    if (!document.hidden) await work();
    isRunning = false;
    timer = setTimeout(run, isWanted ? AFTER_EVENT_MS : ms);
  };
  document.addEventListener("visibilitychange", () => void run());
  void run();
  return () => {
    if (isRunning) isWanted = true;
    else {
      clearTimeout(timer);
      timer = setTimeout(run, AFTER_EVENT_MS);
    }
  };
}

const mapSoon = every(MAP_MS, askMap);
const doctorSoon = every(DOCTOR_MS, async () => {
  if (state.map === null) await askMap();
  await askDoctor();
});
every(RATES_MS, askRates);
void listen((event) => {
  // Numbers begin again where the journal was lost.
  if (state.events.some((known) => known.seq === event.seq && known.at === event.at)) return;
  state.events = [event, ...state.events].slice(0, MAX_EVENTS);
  showEvents(byId("events", HTMLElement), state.events);
  mapSoon();
  doctorSoon();
});
showEvents(byId("events", HTMLElement), state.events);

// For whoever tries the page: what a canvas shows can't be read off it.
Object.assign(window, { weftMap: fabricMap });
