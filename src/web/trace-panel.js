// The path of a frame in words, hop by hop; the map draws it.
import { counted, element } from "./words.js";

/** @typedef {import("../api/trace-views.ts").TraceView} TraceView */

/** @param {HTMLElement} answer @param {TraceView} trace @param {(id: string) => string} name @param {() => void} clear */
export function showTrace(answer, trace, name, clear) {
  const hops = trace.hops.map((hop) => {
    const outputs = hop.outputs.map((output) => {
      const to = output.toHost === null ? `out by ${output.port}` : `by ${output.port} to ${name(output.toHost)}`;
      return output.arrives ? to : `${to}, where it does not arrive: ${output.reason ?? "unknown"}`;
    });
    const does = hop.dropped === null ? outputs.join("; ") : `dropped: ${hop.dropped}`;
    const steps = element("dl");
    for (const step of hop.steps) {
      steps.append(
        element("dt", {}, step.table),
        element("dd", {}, step.reason),
        element("dd", { class: "mono" }, step.actions),
      );
    }
    return element(
      "li",
      {},
      element("strong", {}, name(hop.host)),
      ` from ${hop.inPort}: ${does}`,
      ...(hop.steps.length === 0
        ? []
        : [element("details", {}, element("summary", {}, counted(hop.steps.length, "step")), steps)]),
    );
  });
  const good = trace.verdict === "delivered" || trace.verdict === "answered" || trace.verdict === "flooded";
  const end = good ? "up" : trace.verdict === "unknown" ? "waiting" : "down";
  answer.replaceChildren(
    element("p", {}, element("span", { class: `state ${end}` }, trace.verdict), trace.summary),
    element("ol", {}, ...hops),
    element("button", { type: "button", onclick: clear }, "Clear the path"),
  );
}

/** @param {HTMLElement} answer @param {string} text */
export function showTraceMessage(answer, text) {
  answer.replaceChildren(element("p", {}, text));
}
