// Values in the words that people read.

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Local time of day, and the day where it is another one. @param {string} iso */
export function timeText(iso) {
  const at = new Date(iso);
  const time = at.toTimeString().slice(0, 8);
  return at.toDateString() === new Date().toDateString() ? time : `${iso.slice(0, 10)} ${time}`;
}

/** @param {number} bytesPerSec */
export function rateText(bytesPerSec) {
  const bits = bytesPerSec * 8;
  if (bits < 1000) return `${Math.round(bits)} bit/s`;
  const units = ["kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
  let value = bits / 1000;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/**
 * An element with text and children. Text is text: what hosts call themselves is never read as markup.
 * @param {string} tag
 * @param {Readonly<Record<string, string | boolean | ((event: Event) => void)>>} [properties] `on...` listens; true is an empty attribute, false none
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

/**
 * Puts children in the place of others where they differ: what has the focus, or is being read aloud, stays.
 * @param {HTMLElement} parent
 * @param {readonly HTMLElement[]} children
 */
export function replaceChildren(parent, children) {
  const focused =
    document.activeElement instanceof HTMLElement && parent.contains(document.activeElement)
      ? document.activeElement.dataset.key
      : undefined;
  const same =
    parent.children.length === children.length &&
    children.every((child, at) => parent.children[at]?.isEqualNode(child));
  if (same && parent.dataset.fresh !== "always") return;
  const top = parent.scrollTop;
  parent.replaceChildren(...children);
  parent.scrollTop = top;
  if (focused === undefined) return;
  const again = [...parent.querySelectorAll("[data-key]")].find(
    (one) => one instanceof HTMLElement && one.dataset.key === focused,
  );
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}
