// The screens that are drawn again and again, on a terminal that only notes what it is sent.
import { EventEmitter } from "node:events";
import type { ReadStream, WriteStream } from "node:tty";
import { describe, expect, it } from "vitest";
import { LiveScreen } from "../../../src/cli/top/live-screen.ts";
import { topLines } from "../../../src/cli/top/screen.ts";
import { RATES } from "../api/fake-queries.ts";

class Terminal extends EventEmitter {
  readonly isTTY = true;
  columns = 80;
  rows = 4;
  isRaw = false;
  text = "";
  setRawMode(raw: boolean): void {
    this.isRaw = raw;
  }
  setEncoding(): void {
    // Keys come as text.
  }
  pause(): void {
    // Nobody reads any more.
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

function screenOn(terminal: Terminal, keys: string[] = []): LiveScreen {
  return new LiveScreen({
    input: terminal as unknown as ReadStream,
    output: terminal as unknown as WriteStream,
    onKey: (key) => keys.push(key),
    onResize: () => keys.push("resized"),
  });
}

describe("a live screen", () => {
  it("draws over what was there, in one piece, and as much as there is room for", () => {
    const terminal = new Terminal();
    const screen = screenOn(terminal);
    screen.open();
    terminal.text = "";
    screen.draw(["one", "two", "three", "four", "five"]);
    screen.close();
    const cleared = "\u001b[K";
    const four = ["one", "two", "three", "four"].map((line) => line + cleared).join("\r\n");
    expect(terminal.text.startsWith(`\u001b[H${four}\u001b[J`)).toBe(true);
    expect(terminal.text).not.toContain("five");
  });

  it("leaves the terminal as it was, whether it is closed or the process exits", () => {
    for (const end of [(screen: LiveScreen) => screen.close(), () => process.emit("exit", 0)]) {
      const terminal = new Terminal();
      const before = process.listenerCount("exit");
      const screen = screenOn(terminal);
      screen.open();
      expect(terminal.isRaw).toBe(true);
      end(screen);
      expect(terminal.isRaw).toBe(false);
      expect(terminal.text.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049l")).toBe(true);
      expect(process.listenerCount("exit")).toBe(before);
      expect(terminal.eventNames()).toEqual([]);
      screen.close();
      expect(terminal.text.split("\u001b[?1049l")).toHaveLength(2);
    }
  });

  it("takes Ctrl-C and Ctrl-D for the key that quits", () => {
    const terminal = new Terminal();
    const keys: string[] = [];
    const screen = screenOn(terminal, keys);
    screen.open();
    for (const key of ["n", "\u0003", "\u0004"]) terminal.emit("data", key);
    terminal.emit("resize");
    screen.close();
    expect(keys).toEqual(["n", "q", "q", "resized"]);
  });
});

describe("weft top", () => {
  const shown = { view: RATES, names: new Map([["host1", "rack1"]]) };

  it.each([
    [40, 10],
    [60, 24],
    [80, 24],
    [200, 50],
  ])("fits a terminal of %i columns and %i lines", (width, height) => {
    const lines = topLines(shown, { sort: "rate", color: false, width, height });
    expect(lines.length).toBeLessThanOrEqual(height);
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.join("\n")).toContain("rack1");
  });

  it("shows the busiest first, or as it is sorted", () => {
    const hosts = (sort: "rx" | "tx") =>
      topLines(shown, { sort, color: false, width: 80, height: 24 })
        .filter((line) => line.includes("geneve"))
        .map((line) => line.split(/\s+/)[0]);
    expect(hosts("tx")).toEqual(["rack1", "host2"]);
    expect(hosts("rx")).toEqual(["host2", "rack1"]);
  });
});
