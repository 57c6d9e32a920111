// What is said where there is no host: just after a start, those of before are on their way.

/** Hosts try again within a second, those behind a slow network within some. */
const COMING_BACK_SEC = 15;

/** @param uptimeSec of the controller, where it is known. */
export function nobodyText(uptimeSec: number | undefined): string {
  const how = "ovs-vsctl set-manager tcp:ADDRESS:6640";
  if (uptimeSec === undefined || uptimeSec >= COMING_BACK_SEC) return `No host has joined yet. On each host: ${how}`;
  return `No host has joined yet, or come back: the controller has run for ${uptimeSec} s, and hosts that have joined before come back by themselves within seconds. On a new one: ${how}`;
}
