// Writes what comes with the program for shells and man: dist/man/weft.1 and dist/completion/. Part of `npm run build`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const dist = resolve(process.argv[2] ?? join(import.meta.dirname, "../dist"));
const load = (path) => import(pathToFileURL(join(dist, "src/cli", path)).href);
const { createProgram } = await load("program.js");
const { manPage } = await load("manual/man-page.js");
const { completionScript } = await load("completion/shells.js");
const { packageVersion } = await load("package-version.js");

for (const [file, text] of [
  ["man/weft.1", manPage(createProgram("weft"), packageVersion())],
  ["completion/weft.bash", completionScript("bash")],
  ["completion/_weft", completionScript("zsh")],
  ["completion/weft.fish", completionScript("fish")],
]) {
  const path = join(dist, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}
