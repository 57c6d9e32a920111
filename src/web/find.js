// Finds what a person types among hosts, endpoints and networks. Pure.

/** @typedef {import("../api/map-views.ts").MapView} MapView */
/** @typedef {{ kind: "host" | "endpoint" | "network", key: string, host: string | null, label: string, detail: string, rank: number }} Found */

const MAX_FOUND = 12;

/** MACs are typed with dashes, dots or none at all. @param {string} text */
function macDigits(text) {
  const digits = text.toLowerCase().replace(/[:.\-\s]/g, "");
  return /^[0-9a-f]{3,12}$/.test(digits) ? digits : null;
}

/** 0 the whole, 1 the beginning, 2 within; null not at all. @param {string | null | undefined} text @param {string} wanted */
function rankOf(text, wanted) {
  const at = (text ?? "").toLowerCase().indexOf(wanted);
  if (at < 0) return null;
  return at > 0 ? 2 : text?.length === wanted.length ? 0 : 1;
}

/** @param {readonly (number | null)[]} ranks */
function best(ranks) {
  const there = ranks.filter((rank) => rank !== null);
  return there.length === 0 ? null : Math.min(...there);
}

/**
 * The best first.
 * @param {MapView} map
 * @param {string} text
 * @returns {readonly Found[]}
 */
export function find(map, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const digits = macDigits(wanted);
  const names = new Map(map.hosts.map((host) => [host.id, host.name]));
  /** @type {Found[]} */
  const found = [];
  for (const host of map.hosts) {
    const rank = best([rankOf(host.name, wanted), rankOf(host.id, wanted), rankOf(host.tunnelIp, wanted)]);
    const detail = `host, ${host.state}${host.tunnelIp === null ? "" : `, ${host.tunnelIp}`}`;
    if (rank !== null) found.push({ kind: "host", key: host.id, host: host.id, label: host.name, detail, rank });
  }
  for (const endpoint of map.endpoints) {
    const byMac = digits === null ? null : rankOf(endpoint.mac.replaceAll(":", ""), digits);
    const rank = best([
      byMac,
      rankOf(endpoint.owner, wanted),
      rankOf(endpoint.port, wanted),
      ...endpoint.ips.map((ip) => rankOf(ip, wanted)),
    ]);
    if (rank === null) continue;
    const where = `${names.get(endpoint.host) ?? endpoint.host}${endpoint.port === null ? "" : ` port ${endpoint.port}`}`;
    const detail = [endpoint.ips.length > 0 ? endpoint.mac : "", `on ${where}`, endpoint.network]
      .filter((part) => part !== "")
      .join(", ");
    const label = endpoint.ips[0] ?? endpoint.mac;
    found.push({
      kind: "endpoint",
      key: `${endpoint.network} ${endpoint.mac}`,
      host: endpoint.host,
      label,
      detail,
      rank,
    });
  }
  for (const network of map.networks) {
    const rank = rankOf(network.name, wanted);
    const detail = `network, ${network.endpoints} endpoints`;
    if (rank !== null)
      found.push({ kind: "network", key: network.name, host: null, label: network.name, detail, rank });
  }
  return found.sort((a, b) => a.rank - b.rank).slice(0, MAX_FOUND);
}
