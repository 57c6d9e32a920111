// The page in a real browser, over real hosts: what breaks is seen, found and told, and nothing is asked for elsewhere.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { missingBrowser, openBrowser, openPage, type WatchedPage } from "../page/browser.ts";
import { servePaper } from "../page/paper-server.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const PORT = 16_680;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const WAIT = { timeout: 30_000 };

/** Names, labels and roles that a screen reader lives on, looked up by hand. */
const UNNAMED = `[...document.querySelectorAll("button, input, a, [role=option]")]
  .filter((one) => one.getClientRects().length > 0)
  .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.[0]?.textContent.trim()))
  .map((one) => one.outerHTML)`;
const REPEATED_IDS = `[...document.querySelectorAll("[id]")].map((one) => one.id).filter((id, at, all) => all.indexOf(id) !== at)`;
const UNDEFINED_REFERENCES = `[...document.querySelectorAll("[aria-labelledby], [aria-controls], [aria-describedby]")]
  .flatMap((one) => ["aria-labelledby", "aria-controls", "aria-describedby"].flatMap((name) => one.getAttribute(name) ?? []))
  .filter((id) => document.getElementById(id) === null)`;
const FOCUSED = `(() => { const one = document.activeElement; return one.id || one.dataset.key || one.textContent; })()`;
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

describeLab(
  "the page",
  () => {
    let fabric: FabricUnderTest;
    let guests: Guest[];
    let browser: Browser;
    let url: string;

    beforeAll(async () => {
      [fabric, browser] = await Promise.all([
        FabricUnderTest.create({
          hosts: 3,
          child: true,
          quickBfd: true,
          settings: (lab) => ({ http: { listen: `${lab.controllerIp}:${PORT}`, reads: "open" } }),
        }),
        openBrowser(),
      ]);
      guests = await fabric.populate({ perHost: 1 });
      url = `http://${fabric.lab.controllerIp}:${PORT}/`;
    });
    afterAll(async () => {
      await browser?.close();
      await fabric?.destroy();
    });

    const idOf = (host: number): string => `${fabric.lab.name}-h${host}`;
    const pairOf = (a: number, b: number): string => `tunnel ${[idOf(a), idOf(b)].sort().join(" ")}`;

    async function edgeOf({ drawn }: WatchedPage, a: number, b: number): Promise<{ state: string; color: string }> {
      const found = (await drawn()).find((one) => one.id === pairOf(a, b));
      const state = ["up", "pending", "down", "error"].find((one) => found?.classes.includes(one)) ?? "not drawn";
      return { state, color: found?.color ?? "none" };
    }

    it("shows hosts and tunnels, turns a tunnel's colour when its path is cut, and says what to do", async () => {
      const watched = await openPage(browser, url);
      const { page, drawn } = watched;
      await page.waitForSelector("#verdict.well", WAIT);
      const nodes = (await drawn()).filter(({ group }) => group === "nodes");
      expect(nodes.map(({ id }) => id).sort()).toEqual([1, 2, 3].map((host) => `host ${idOf(host)}`));
      expect(
        (await drawn())
          .filter(({ classes }) => classes.includes("tunnel"))
          .map(({ id }) => id)
          .sort(),
      ).toEqual([pairOf(1, 2), pairOf(1, 3), pairOf(2, 3)].sort());
      const well = await edgeOf(watched, 1, 2);
      expect(well.state).toBe("up");
      let ill = well;
      try {
        await fabric.lab.cut(1, 2);
        await expect.poll(async () => (await edgeOf(watched, 1, 2)).state, WAIT).toBe("down");
        ill = await edgeOf(watched, 1, 2);
        expect((await edgeOf(watched, 1, 3)).state).toBe("up");
        await page.waitForSelector("#tunnels .state.down", WAIT);
        await page.waitForSelector("#problems .critical .remedy, #problems .warning .remedy", WAIT);
        await expect.poll(() => page.textContent("#verdict-text"), WAIT).toMatch(/problem/);
        await expect.poll(() => page.textContent("#events"), WAIT).toContain("down");
      } finally {
        await fabric.lab.heal(1, 2);
      }
      await page.waitForSelector("#verdict.well", WAIT);
      const healed = await edgeOf(watched, 1, 2);
      expect(healed.state).toBe("up");
      expect([well.color, healed.color]).not.toContain(ill.color);
      expect(watched.complaints).toEqual([]);
      await page.context().close();
    });

    it("finds a MAC and follows a frame by the keyboard alone", async () => {
      const watched = await openPage(browser, url);
      const { page, drawn } = watched;
      const [from, , to] = guests;
      if (from === undefined || to === undefined) throw new Error("no guests");
      await page.waitForSelector("#hosts button", WAIT);
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.className")).toBe("skip");
      await page.keyboard.press("/");
      await page.keyboard.type(from.mac.replaceAll(":", "-").toUpperCase());
      await page.waitForSelector('#find-list [aria-selected="true"]');
      await page.keyboard.press("Enter");
      await page.waitForSelector("#chosen .meant");
      expect(await page.textContent("#chosen .meant")).toContain(from.mac);
      expect(await page.evaluate(FOCUSED)).toBe("chosen-title");
      expect((await drawn()).some(({ classes }) => classes.includes("endpoint") && classes.includes("meant"))).toBe(
        true,
      );
      expect(await page.evaluate(`getComputedStyle(document.querySelector("#chosen-close")).outlineStyle`)).toBe(
        "none",
      );
      await page.keyboard.press("Tab");
      expect(await page.evaluate(FOCUSED)).toBe("chosen-close");
      expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe("solid");
      await page.keyboard.press("Escape");
      expect(await page.isHidden("#chosen")).toBe(true);

      await page.focus("#trace-from");
      await page.keyboard.type(from.mac);
      await page.keyboard.press("Tab");
      await page.keyboard.type(to.mac);
      await page.keyboard.press("Enter");
      await page.waitForSelector("#trace-answer ol", WAIT);
      expect(await page.textContent("#trace-answer")).toContain("delivered");
      expect((await drawn()).filter(({ classes }) => classes.includes("path"))).toHaveLength(1);
      await page.fill("#trace-to", "nobody.at.all");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.textContent("#trace-answer"), WAIT).toContain("nobody.at.all");
      // The browser itself tells of an answer that is no success; nobody else has complained.
      expect(watched.complaints.filter((text) => !text.includes("404"))).toEqual([]);
      await page.context().close();
    });

    it("is dark or light as asked, fits a phone, and names everything that can be pressed", async () => {
      const grounds: string[] = [];
      for (const colorScheme of ["dark", "light"] as const) {
        const watched = await openPage(browser, url, { ...PHONE, colorScheme });
        const { page } = watched;
        await page.waitForSelector("#hosts button", WAIT);
        await page.click("#hosts button");
        await page.waitForSelector("#chosen dl");
        grounds.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
        expect(await page.evaluate(OVERFLOW)).toBe(0);
        expect(await page.evaluate(UNNAMED)).toEqual([]);
        expect(await page.evaluate(REPEATED_IDS)).toEqual([]);
        expect(await page.evaluate(UNDEFINED_REFERENCES)).toEqual([]);
        expect(await page.evaluate("document.documentElement.lang")).toBe("en");
        expect(watched.complaints).toEqual([]);
        await page.context().close();
      }
      expect(grounds[0]).not.toBe(grounds[1]);
    });

    it("draws the path of the last trace, whatever was traced before", async () => {
      const server = await servePaper({ hosts: 4 });
      try {
        const watched = await openPage(browser, server.url);
        const { page, drawn } = watched;
        await page.waitForSelector("#hosts button", WAIT);
        await page.fill("#trace-from", "172.16.1.1");
        for (const host of [2, 3, 4]) {
          await page.fill("#trace-to", `172.16.1.${host}`);
          await page.press("#trace-to", "Enter");
          await expect
            .poll(async () => (await drawn()).filter(({ classes }) => classes.includes("path")).map(({ ends }) => ends))
            .toEqual([["host host1", `host host${host}`]]);
        }
        expect(watched.complaints).toEqual([]);
        await page.context().close();
      } finally {
        await server.close();
      }
    });

    it("draws of three hundred hosts what somebody should look at, and not ninety thousand lines", async () => {
      const server = await servePaper({ hosts: 300, cut: [[17, 230]], away: [142] });
      try {
        const watched = await openPage(browser, server.url);
        const { page, drawn } = watched;
        await page.waitForSelector("#problems .command", WAIT);
        const all = await drawn();
        expect(all.filter(({ group }) => group === "nodes")).toHaveLength(300);
        expect(all.filter(({ group }) => group === "edges").map(({ id }) => id)).toEqual(["tunnel host17 host230"]);
        expect(await page.textContent("#map-note")).toContain("up and not drawn");
        await page.fill("#find-text", "172.16.1.9");
        await page.press("#find-text", "Enter");
        await expect
          .poll(async () => (await drawn()).filter(({ group }) => group === "edges").length, WAIT)
          .toBeGreaterThan(290);
        expect(watched.complaints).toEqual([]);
        await page.context().close();
      } finally {
        await server.close();
      }
    });
  },
  missingBrowser,
);
