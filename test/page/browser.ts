// A real browser for tests of the page, kept from asking anybody but the page's own server.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = process.env.WEFT_CHROMIUM ?? "/usr/bin/chromium";

/** What is missing on this machine, with the remedy. */
export const missingBrowser = existsSync(CHROMIUM)
  ? []
  : [{ what: "chromium", remedy: "install it: scripts/bootstrap.sh --with-tests, or apt-get install chromium" }];

const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
  "--metrics-recording-only",
  "--no-default-browser-check",
  "--no-first-run",
  "--no-pings",
  "--no-sandbox",
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: QUIET });
}

/** What the page says stands on its map. */
export interface Drawn {
  readonly id: string;
  readonly group: "nodes" | "edges";
  readonly classes: readonly string[];
  readonly color: string;
  /** The ids of the nodes that an edge leads from and to. */
  readonly ends: readonly string[];
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, exceptions, and requests to elsewhere. */
  readonly complaints: readonly string[];
  /** What stands on the map. */
  drawn(): Promise<readonly Drawn[]>;
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== new URL(url).origin) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  const drawn = (): Promise<readonly Drawn[]> => page.evaluate("weftMap.describe()");
  return { page, complaints, drawn };
}
