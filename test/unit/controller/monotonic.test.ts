// Nothing that the controller decides depends on the time of day.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
/** Programs for people, that talk to a controller or do without one. */
const NOT_THE_CONTROLLER = ["src/lab", "src/cli", "src/inspect", "src/pki"];

it("reads the wall clock for people to see when something happened, for how long a certificate is good, and for nothing else", () => {
  const files = ["src", "proto"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const uses = files
    .filter((name) => name.endsWith(".ts") && !NOT_THE_CONTROLLER.some((folder) => name.startsWith(`${folder}/`)))
    .filter((name) => /\bDate\b(\.now|\.parse|\()/.test(readFileSync(join(root, name), "utf8")));
  expect(uses.sort()).toEqual([
    "src/api/commands.ts",
    "src/api/event-query.ts",
    "src/api/snapshot/index.ts",
    "src/api/snapshot/read.ts",
    "src/api/where.ts",
    "src/controller/journalled.ts",
    "src/controller/keys.ts",
    "src/controller/measures.ts",
    "src/controller/rate-meter.ts",
    "src/controller/start.ts",
    "src/journal/journal.ts",
    "src/journal/line.ts",
    "src/southbound/stream/peer-certificate.ts",
    "src/southbound/stream/tls-material.ts",
  ]);
});
