// Weft's own program, as bin/weft runs it, of the sources that the benchmarks are compiled with.
import { main } from "../../src/cli/main.ts";

await main(process.argv);
