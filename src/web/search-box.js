// The search box: a list that opens while one types, moved through with the arrow keys.
import { find } from "./find.js";
import { element } from "./words.js";

/** @typedef {import("../api/map-views.ts").MapView} MapView */

/**
 * @param {{ input: HTMLInputElement, list: HTMLElement }} parts
 * @param {() => MapView | null} map
 * @param {(found: import("./find.js").Found) => void} chosen
 */
export function searchBox({ input, list }, map, chosen) {
  /** @type {readonly import("./find.js").Found[]} */
  let found = [];
  let at = 0;

  function draw() {
    const now = map();
    found = now === null ? [] : find(now, input.value);
    at = Math.min(at, Math.max(0, found.length - 1));
    const isOpen = input.value.trim() !== "" && document.activeElement === input;
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    const items = found.map((one, index) =>
      element(
        "li",
        {
          role: "option",
          id: `found-${index}`,
          "aria-selected": String(index === at),
          onmousedown: (event) => take(event, index),
        },
        one.label,
        element("small", {}, one.detail),
      ),
    );
    list.replaceChildren(
      ...(items.length === 0
        ? [
            element(
              "li",
              { role: "option", "aria-disabled": "true", "aria-selected": "false" },
              "Nothing is called that.",
            ),
          ]
        : items),
    );
    if (isOpen && items.length > 0) input.setAttribute("aria-activedescendant", `found-${at}`);
    else input.removeAttribute("aria-activedescendant");
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Event} event @param {number} index */
  function take(event, index) {
    event.preventDefault();
    const one = found[index];
    if (one === undefined) return;
    input.value = "";
    input.blur();
    draw();
    chosen(one);
  }

  input.addEventListener("input", () => {
    at = 0;
    draw();
  });
  input.addEventListener("focus", draw);
  input.addEventListener("blur", draw);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length);
      draw();
    } else if (event.key === "Enter") take(event, at);
    else if (event.key === "Escape") {
      event.stopPropagation();
      if (input.value === "") input.blur();
      input.value = "";
      draw();
    }
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
}
