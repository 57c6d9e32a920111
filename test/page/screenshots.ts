// The pictures of the page in docs/: npm run screenshots. Fabrics on paper, so that they look the same wherever they are taken.
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { event } from "../unit/api/fake-queries.ts";
import { openBrowser, openPage } from "./browser.ts";
import type { PaperOptions } from "./paper-fabric.ts";
import { type PaperServer, servePaper } from "./paper-server.ts";

const DOCS = process.argv[2] ?? resolve(import.meta.dirname, "../../../docs");
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1, isMobile: true, hasTouch: true };

interface Shot {
  readonly name: string;
  readonly fabric: PaperOptions;
  readonly scheme: "dark" | "light";
  readonly isPhone?: boolean;
  prepare?(page: Page): Promise<void>;
}

async function trace(page: Page): Promise<void> {
  await page.fill("#trace-from", "172.16.1.1");
  await page.fill("#trace-to", "172.16.1.3");
  await page.click("#trace button");
  await page.waitForSelector("#trace-answer ol");
}

async function choose(page: Page): Promise<void> {
  await page.fill("#find-text", "172.16.1.2");
  await page.press("#find-text", "Enter");
  await page.waitForSelector("#chosen .meant");
}

const SIX = { hosts: 6, endpointsPerHost: 3, cut: [[2, 5]] as const };
const SHOTS: readonly Shot[] = [
  { name: "page-well", fabric: { hosts: 6, endpointsPerHost: 3 }, scheme: "light", prepare: trace },
  { name: "page-cut", fabric: SIX, scheme: "dark", prepare: choose },
  { name: "page-many", fabric: { hosts: 300, cut: [[17, 230]], away: [142] }, scheme: "light" },
  { name: "page-phone", fabric: SIX, scheme: "dark", isPhone: true },
];

function tellOfIt({ queries }: PaperServer): void {
  const at = (second: number): string => new Date(Date.now() - 60_000 + second * 1000).toISOString();
  for (let host = 1; host <= 3; host++) {
    queries.events.add(event(host + 2, { at: at(host), host: `host${host}`, message: `host${host} has joined` }));
  }
  const cut = { kind: "tunnel/down", severity: "error" as const, host: "host2", subject: "geneve5" };
  queries.events.add(event(6, { ...cut, at: at(40), message: "tunnel geneve5 from host2 to host5 is down: BFD" }));
}

const browser = await openBrowser();
try {
  for (const { name, fabric, scheme, isPhone, prepare } of SHOTS) {
    const server = await servePaper(fabric);
    tellOfIt(server);
    const { page, complaints } = await openPage(browser, server.url, {
      colorScheme: scheme,
      ...(isPhone === true ? PHONE : {}),
    });
    await page.waitForSelector("#hosts button");
    await page.waitForSelector("#verdict.well, #problems .command");
    await prepare?.(page);
    await page.mouse.move(0, 0);
    await page.evaluate("document.activeElement?.blur()");
    await page.evaluate("new Promise(requestAnimationFrame)");
    await page.screenshot({ path: join(DOCS, `${name}.png`) });
    process.stdout.write(`${name}.png\n`);
    for (const complaint of complaints) process.stdout.write(`  ${complaint}\n`);
    await page.context().close();
    await server.close();
  }
} finally {
  await browser.close();
}
