// `npm run fuzz [CASES] [SEED] [TARGET]`: a million cases of each parser unless told otherwise.
import { fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

const [cases = "1000000", seed = "1", only = ""] = process.argv.slice(2);
let failed = false;
for (const target of TARGETS) {
  if (!target.name.includes(only)) continue;
  const start = performance.now();
  const result = fuzz(target, Number(cases), Number(seed));
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const grown = (result.grownBytes / 1024).toFixed(0);
  console.log(
    `${result.name}: ${result.cases} cases in ${seconds} s, ${result.accepted} taken, slowest ${result.slowestMs.toFixed(1)} ms, heap grown by ${grown} KiB, ${result.finds.length} finds`,
  );
  for (const find of result.finds) {
    failed = true;
    console.log(`  seed ${find.seed}: ${find.why}\n  ${find.input.slice(0, 2_000)}`);
  }
}
process.exitCode = failed ? 1 : 0;
