// Removes a lab whole: its processes, namespaces, link and directory; and what crashed labs have left behind.
import { join } from "node:path";
import { z } from "zod";
import { ipBatch, run } from "./command.ts";
import { checkLabName, controlLinkOf, labOfControlLink, labOfNamespace } from "./names.ts";
import { isSameProcess, killProcessesOf, processesOf } from "./processes.ts";
import { abandonedDrafts, labDirs, labRoots, readState, removeDir } from "./state.ts";

const netnsList = z.array(z.object({ name: z.string() }));
const linkList = z.array(z.object({ ifname: z.string(), ifalias: z.string().optional() }));

async function listNamespaces(): Promise<string[]> {
  const { stdout } = await run(["ip", "-j", "netns", "list"]);
  return stdout.trim() === "" ? [] : netnsList.parse(JSON.parse(stdout)).map((entry) => entry.name);
}

async function listControlLinks(): Promise<string[]> {
  const { stdout } = await run(["ip", "-j", "link", "show"]);
  const links = linkList.parse(JSON.parse(stdout));
  return links.map((link) => labOfControlLink(link.ifname, link.ifalias)).filter((lab) => lab !== undefined);
}

/** Removes everything of one lab, whatever state it is in. True when there was anything. */
export async function sweepLab(name: string): Promise<boolean> {
  checkLabName(name);
  let found = false;
  // Processes first: they hold what is removed after them. Every directory the lab may have had is looked for.
  for (const dir of labRoots().map((root) => join(root, name))) if ((await killProcessesOf(dir)) > 0) found = true;
  const namespaces = (await listNamespaces()).filter((namespace) => labOfNamespace(namespace) === name);
  const hasLink = (await listControlLinks()).includes(name);
  if (hasLink) found = true;
  if (namespaces.length > 0) found = true;
  await ipBatch(
    [
      ...(hasLink ? [`link del ${controlLinkOf(name)}`] : []),
      ...namespaces.map((namespace) => `netns del ${namespace}`),
    ],
    { force: true },
  );
  const dir = labDirs().get(name);
  if (dir !== undefined) {
    found = true;
    removeDir(dir);
  }
  return found;
}

/** Its process has ended; or it is of another version of the lab, and nothing of it runs. */
function isDead(dir: string): boolean {
  const state = readState(dir);
  if (state === undefined) return processesOf(dir).length === 0;
  return state.owner !== undefined && !isSameProcess(state.owner);
}

/**
 * With a name, removes that lab, whether or not it is in use. Without one, removes all whose process has ended, and what
 * lies about of labs that have no directory any more; a lab that was made to stay is kept. Returns the names.
 */
export async function sweep(name?: string): Promise<string[]> {
  if (name !== undefined) return (await sweepLab(name)) ? [name] : [];
  // A lab has its directory before anything else: what is looked up first and has none, is nobody's.
  const remains = [...(await listNamespaces()).map(labOfNamespace), ...(await listControlLinks())];
  const dirs = labDirs();
  const orphans = remains.filter((lab): lab is string => lab !== undefined && !dirs.has(lab));
  const dead = [...dirs].filter(([, dir]) => isDead(dir));
  const swept: string[] = [];
  for (const lab of [...new Set([...dead.map(([name]) => name), ...orphans])].sort()) {
    // Meanwhile another process may have made the lab anew.
    const dir = labDirs().get(lab);
    if ((dir === undefined || isDead(dir)) && (await sweepLab(lab))) swept.push(lab);
  }
  for (const draft of abandonedDrafts((owner) => isSameProcess(owner))) removeDir(draft);
  return swept;
}
