import { expect, it } from "vitest";
import { render } from "../../../../src/api/render/index.ts";
import { traceText } from "../../../../src/api/render/trace.ts";
import { CHECK, TRACE } from "../fake-queries.ts";

const plain = { color: false, width: null };
const narrow = { color: false, width: 80 };

it("tells a trace by its verdict first, then switch by switch", () => {
  expect(render({ kind: "trace", view: TRACE }, "table")).toBe(`${TRACE.summary}

from   ${TRACE.from}
to     ${TRACE.to}
frame  ${TRACE.frame}

host1, in by tap0
  30 FORWARD        10.0.0.3 is on host2 port tap0, where it was heard
     HOST(2)        bucket 1 of 3: by geneve2, the first that is live
  => geneve2 to host2
host2, in by geneve1 from host1
  => port tap0: delivered

Notes
- host2: by what it is known to hold, since it did not answer within 2 s
`);
});

it("tells it in a line for each switch, or with all flows", () => {
  expect(traceText(TRACE, plain, "brief")).toContain("host1, in by tap0: geneve2 to host2\n");
  expect(traceText(TRACE, plain, "verbose")).toContain(
    "                    200 metadata=0xfff,dl_dst=02:00:00:00:02:01 -> set_field:0xfff->tun_id,resubmit(,60),group:65538\n",
  );
  expect(traceText({ ...TRACE, live: true }, plain)).toContain("host2, in by geneve1 from host1  (seen after 0.41 ms)");
});

it("keeps both to 80 columns", () => {
  const lines = [
    ...traceText(TRACE, narrow).split("\n"),
    ...render({ kind: "check", view: CHECK }, "table", narrow).split("\n"),
  ];
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

it("shows a check as a matrix with what does not pass below", () => {
  expect(
    render({ kind: "check", view: CHECK }, "table"),
  ).toBe(`1 of 2 paths do not pass: 44 of 48 probes came through, in 0.8 s.

Round trips, or what does not pass, from row to column (geneve)
         host1     host2
  host1  ·         0.61 ms
  host2  MTU 1350  ·

Problems
! host2 -> host1 (geneve1): packets of 1350 bytes pass from host2 to host1, and those of 1442 do not (check/mtu)
  raise the MTU between 10.200.0.12 and 10.200.0.11
`);
  expect(render({ kind: "check", view: CHECK }, "csv").split("\n")[0]).toBe(
    "kind,from,to,name,type,state,sent,received,fits,roundTripUs,reason,remedy",
  );
});

it("shows a check of many hosts by its worst ones, and says how a sample was drawn", () => {
  const names = Array.from({ length: 40 }, (_, at) => `host${String(at + 1).padStart(2, "0")}`);
  const hosts = names.map((id, at) => ({ id, name: id, checked: 10, failed: at === 6 ? 10 : at < 30 ? 1 : 0 }));
  const view = { ...CHECK, hosts, possible: 1560, seed: 42 };
  const lines = render({ kind: "check", view }, "table").split("\n");
  expect(lines[1]).toBe(
    "These are a sample of 1560 paths: weft check --seed 42 has the same again, --all has all, and HOST those of one host.",
  );
  const at = lines.indexOf("Hosts, the worst first: of the paths from and to each");
  expect(lines.slice(at + 1, at + 3)).toEqual(["  host07  10 of 10 do not pass", "  host01  1 of 10 do not pass"]);
  expect(lines.slice(at + 21, at + 23)).toEqual(["  and 10 more", "  10 hosts have none that does not pass"]);
});

it("counts paths that were not tested apart from those that do not pass", () => {
  const untested = CHECK.paths.map((path) => ({ ...path, state: "unchecked" as const }));
  const textOf = (paths: typeof CHECK.paths) => render({ kind: "check", view: { ...CHECK, paths } }, "table");
  expect(textOf(untested)).toMatch(/^2 of 2 paths untested: /);
  const mixed = CHECK.paths.map((path) => (path.state === "ok" ? { ...path, state: "unchecked" as const } : path));
  expect(textOf(mixed)).toMatch(/^1 of 2 paths do not pass, 1 untested: /);
});
