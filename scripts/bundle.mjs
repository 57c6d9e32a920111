// Makes dist-bundle/weft.mjs, the whole program in one file that needs only Node.js, and the licences of what is in it.
//
//   node scripts/bundle.mjs [DIRECTORY]      dist-bundle unless said
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const out = resolve(process.argv[2] ?? join(root, "dist-bundle"));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const web = join(root, "src/web");
const hasPage = existsSync(join(web, "index.html"));

mkdirSync(out, { recursive: true });
const { metafile } = await build({
  stdin: {
    contents: 'import { main } from "./src/cli/main.ts";\nawait main(process.argv);\n',
    resolveDir: root,
    sourcefile: "bundle.ts",
    loader: "ts",
  },
  outfile: join(out, "weft.mjs"),
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // Names stay: they are read in stacks. Libraries of CommonJS ask for Node's modules by require.
  minifySyntax: true,
  minifyWhitespace: true,
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as weftRequire } from "node:module"; const require = weftRequire(import.meta.url);',
  },
  define: { WEFT_VERSION: JSON.stringify(version), WEFT_PAGE: JSON.stringify(page()) },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
chmodSync(join(out, "weft.mjs"), 0o755);
const inputs = Object.keys(metafile.inputs);
if (hasPage) inputs.push("node_modules/cytoscape/dist/cytoscape.esm.min.mjs");
writeFileSync(join(out, "LICENSES.txt"), licences(inputs));

/** The page's files as text, by name: beside a single file there is no folder to read them from. */
function page() {
  if (!hasPage) return {};
  const read = (path) => readFileSync(path, "utf8");
  const own = readdirSync(web).map((name) => [name, read(join(web, name))]);
  const library = fileURLToPath(import.meta.resolve("cytoscape/dist/cytoscape.esm.min.mjs"));
  return Object.fromEntries([...own, ["cytoscape.mjs", read(library)]]);
}

/** Of each package that a file of the bundle comes from. One without a text of its licence may not go in. */
function licences(files) {
  const found = files.map((file) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file));
  const directories = new Map(found.filter(Boolean).map(([path, name]) => [name, join(root, path)]));
  const texts = [...directories].sort().map(([name, directory]) => {
    const { version: its, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`bundle: ${name} has no file with its licence`);
    return `${name} ${its} (${license})\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
  });
  const own = `weft ${version} (Apache-2.0)\n\n${readFileSync(join(root, "LICENSE"), "utf8").trim()}\n`;
  return [own, ...texts].join(`\n${"-".repeat(80)}\n\n`);
}
