import { describe, expect, it } from "vitest";
import {
  formatConnectionMethod,
  isPassive,
  parseConnectionMethod,
  parsePassiveMethod,
} from "../../../src/southbound/connection-method.ts";

describe("connection methods", () => {
  it.each([
    ["ptcp:6640", { kind: "ptcp", port: 6640 }],
    ["ptcp:0:127.0.0.1", { kind: "ptcp", port: 0, host: "127.0.0.1" }],
    ["ptcp:6640:[::1]", { kind: "ptcp", port: 6640, host: "::1" }],
    ["ptcp:6640:[FE80::1%eth0]", { kind: "ptcp", port: 6640, host: "fe80::1%eth0" }],
    ["pssl:6640", { kind: "pssl", port: 6640 }],
    ["punix:/run/weft.sock", { kind: "punix", path: "/run/weft.sock" }],
    ["tcp:10.0.0.1:6640", { kind: "tcp", host: "10.0.0.1", port: 6640 }],
    ["tcp:[2001:db8::7]:6653", { kind: "tcp", host: "2001:db8::7", port: 6653 }],
    ["tcp:host-1.example.org:6640", { kind: "tcp", host: "host-1.example.org", port: 6640 }],
    ["ssl:10.0.0.1:6640", { kind: "ssl", host: "10.0.0.1", port: 6640 }],
    ["unix:/run/openvswitch/db.sock", { kind: "unix", path: "/run/openvswitch/db.sock" }],
    ["unix:a:b", { kind: "unix", path: "a:b" }],
  ])("reads %s and writes it back", (text, method) => {
    const parsed = parseConnectionMethod(text);
    expect(parsed).toEqual(method);
    expect(parseConnectionMethod(formatConnectionMethod(parsed))).toEqual(method);
  });

  it("assumes the default port where none is given", () => {
    expect(parseConnectionMethod("ptcp:")).toEqual({ kind: "ptcp", port: 6640 });
    expect(parseConnectionMethod("ptcp")).toEqual({ kind: "ptcp", port: 6640 });
    expect(parseConnectionMethod("ptcp::127.0.0.1")).toEqual({ kind: "ptcp", port: 6640, host: "127.0.0.1" });
    expect(parseConnectionMethod("tcp:10.0.0.1", 6653)).toEqual({ kind: "tcp", host: "10.0.0.1", port: 6653 });
    expect(parseConnectionMethod("tcp:[::1]")).toEqual({ kind: "tcp", host: "::1", port: 6640 });
  });

  it.each([
    ["", "write ptcp:"],
    ["6640", "write ptcp:"],
    ["http:6640", '"http" is not a known kind'],
    ["ptcp:66400", '"66400" is not a port'],
    ["ptcp:-1", '"-1" is not a port'],
    ["ptcp:0x10", '"0x10" is not a port'],
    ["ptcp:127.0.0.1", '"127.0.0.1" is not a port'],
    ["tcp:10.0.0.1:0", '"0" is not a port'],
    ["tcp:", "names no host"],
    ["tcp::6640", "names no host"],
    ["tcp:::1", "in brackets, as in [::1]"],
    ["tcp:2001:db8::7:6640", "in brackets"],
    ["tcp:[::g]:1", '"::g" is not an IPv6 address'],
    ["tcp:300.0.0.1:1", '"300.0.0.1" is not an IPv4 address'],
    ["tcp:10.0.0:1", "is not an IPv4 address"],
    ["tcp:-x:1", "is not an address or host name"],
    ["unix:", "names no path"],
    ["punix:/a\0b", "NUL"],
    [`punix:/${"a".repeat(107)}`, "a socket's path may have 107"],
  ])("refuses %j and says what to write", (text, part) => {
    expect(() => parseConnectionMethod(text)).toThrow(
      expect.objectContaining({ code: "connection-method/invalid", message: expect.stringContaining(part) }),
    );
  });

  it("tells listening from calling", () => {
    expect(isPassive(parseConnectionMethod("punix:/x"))).toBe(true);
    expect(isPassive(parseConnectionMethod("unix:/x"))).toBe(false);
    expect(() => parsePassiveMethod("tcp:10.0.0.1:6640")).toThrow(/must be listened on/);
  });
});
