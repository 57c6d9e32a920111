// What people call the things of a picture.
import type { FabricPicture, PictureEndpoint, PictureHost } from "./picture.ts";

export function hostOf(picture: FabricPicture, id: string): PictureHost | undefined {
  return picture.hosts.find((host) => host.id === id);
}

export function hostName(picture: FabricPicture, id: string): string {
  return hostOf(picture, id)?.name ?? id;
}

/** Of the host with that index in the same fabric. */
export function nameAtIndex(picture: FabricPicture, near: PictureHost, index: number): string {
  const host = picture.hosts.find((one) => one.index === index && one.fabric === near.fabric);
  return host?.name ?? `the host with index ${index}`;
}

export function networkName(picture: FabricPicture, vni: number): string {
  return picture.networks.find((network) => network.vni === vni)?.name ?? `vni ${vni}`;
}

export function portName(host: PictureHost | undefined, ofport: number): string {
  const shown = host?.switch?.ports.find((port) => port.ofport === ofport)?.name;
  return shown ?? host?.ports.find((port) => port.ofport === ofport)?.name ?? String(ofport);
}

/** The shortest name of whoever it is. */
export function whoText({ owner, ips, mac }: PictureEndpoint): string {
  return owner ?? ips[0] ?? mac;
}

/** "vm3 is on host2 port tap0, declared by attached-mac". */
export function endpointText(picture: FabricPicture, endpoint: PictureEndpoint): string {
  const { host, port, ofport, origin, declaredBy } = endpoint;
  const how = origin === "observed" ? "where it was heard" : `declared by ${declaredBy ?? "its rows"}`;
  const at = port ?? (ofport === null ? null : String(ofport));
  return `${whoText(endpoint)} is on ${hostName(picture, host)}${at === null ? "" : ` port ${at}`}, ${how}`;
}
