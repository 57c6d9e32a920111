// The files of the page: a fixed list, read once, from the package and from the one library it is made with.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = Object.freeze({
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
});

/**
 * `src/web` of the package: the page needs no build, and lies there as it is written. null where it was left out: what lies
 * above the package may have a `src/web` too, and is nobody's to serve.
 */
function pageDirectory(): string | null {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "package.json"))) {
    if (directory === dirname(directory)) return null;
    directory = dirname(directory);
  }
  const page = join(directory, "src/web");
  return existsSync(join(page, "index.html")) ? page : null;
}

const LIBRARY = "cytoscape/dist/cytoscape.esm.min.mjs";

/** null where the package was left out. */
function libraryFile(resolve: (name: string) => string): PageFile | null {
  try {
    return read(fileURLToPath(resolve(LIBRARY)));
  } catch {
    return null;
  }
}

/** Put here by scripts/bundle.mjs: the text of the page's files and of the library, by name. */
declare const WEFT_PAGE: Readonly<Record<string, string>> | undefined;

function read(path: string): PageFile | null {
  return TYPES[extname(path)] === undefined ? null : pageFile(path, readFileSync(path));
}

function pageFile(path: string, bytes: Uint8Array): PageFile | null {
  const type = TYPES[extname(path)];
  if (type === undefined) return null;
  const body = Uint8Array.from(bytes);
  return { body, type, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}

/**
 * By the path they are asked for with; what is not in it does not exist. None where a part of them was left out.
 * @param resolve where a library's file is, as import.meta.resolve has it
 */
export function readPageFiles(
  resolve: (name: string) => string = (name) => import.meta.resolve(name),
): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (typeof WEFT_PAGE === "object") {
    for (const [name, text] of Object.entries(WEFT_PAGE)) {
      const file = pageFile(name, new TextEncoder().encode(text));
      if (file !== null) files.set(name === "index.html" ? "/" : `/${name}`, file);
    }
    return files;
  }
  const directory = pageDirectory();
  const library = libraryFile(resolve);
  if (directory === null || library === null) return files;
  for (const name of readdirSync(directory)) {
    const file = read(join(directory, name));
    if (file === null) continue;
    files.set(name === "index.html" ? "/" : `/${name}`, file);
  }
  files.set("/cytoscape.mjs", library);
  return files;
}
