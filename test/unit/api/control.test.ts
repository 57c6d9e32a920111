import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type ControlSocket, callControl, startControlSocket } from "../../../src/api/index.ts";
import { FakeQueries } from "./fake-queries.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-api-"));
let count = 0;
const freshPath = () => join(directory, `${count++}`, "weft.sock");

afterAll(() => rmSync(directory, { recursive: true }));

const open: ControlSocket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

async function start(path = freshPath(), queries = new FakeQueries()) {
  const errors: unknown[] = [];
  const socket = await startControlSocket(path, queries, {
    version: "9.9.9",
    onInternalError: (error) => errors.push(error),
  });
  open.push(socket);
  return { path, queries, errors, socket };
}

function ovsAppctl(path: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile("ovs-appctl", ["-T", "10", "-t", path, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe("the control socket, asked by Open vSwitch's own ovs-appctl", () => {
  it("lists its commands", async () => {
    const { path } = await start();
    const { code, stdout } = await ovsAppctl(path, "list-commands");
    expect(code).toBe(0);
    expect(stdout).toBe(`The available commands are:
  adopt           HOST [BRIDGE] [now]
  apply           NAME TEXT [restart] [--format=table|json|csv | --json]
  check           [NETWORK] [all|SEED] [HOST]... [--format=table|json|csv | --json]
  check/progress  [--format=table|json|csv | --json]
  doctor          [HOST] [--format=table|json|csv | --json]
  drift           [HOST] [--format=table|json|csv | --json]
  endpoints       [MAC|IP|NAME] [NETWORK] [--format=table|json|csv | --json]
  events          [since=TIME|SEQ] [after=SEQ] [limit=N] [host=HOST] [kind=KIND] [wait=SECONDS] [--format=table|json|csv | --json]
  flows           HOST [--format=table|json|csv | --json]
  hosts           [--format=table|json|csv | --json]
  hosts/approve   ID
  hosts/forget    HOST
  list-commands
  networks        [--format=table|json|csv | --json]
  plan            NAME TEXT [--format=table|json|csv | --json]
  ports           [--format=table|json|csv | --json]
  rates           [--format=table|json|csv | --json]
  release         HOST
  reload          [--format=table|json|csv | --json]
  snapshot
  status          [--format=table|json|csv | --json]
  tls/reload
  topology        [--format=table|json|tree|dot|mermaid | --json]
  trace           FROM TO [PROTOCOL] [PORT] [VLAN] [SIZE] [live] [--format=table|json|csv | --json]
  tunnels         [--format=table|json|csv | --json]
  version         [--format=table|json|csv | --json]
  where           MAC|IP|NAME [TIME] [--format=table|json|csv | --json]
`);
  });

  it("says its version, and shows hosts as a table, as JSON and as CSV", async () => {
    const { path } = await start();
    expect((await ovsAppctl(path, "version")).stdout).toBe("weft 9.9.9\n");
    expect((await ovsAppctl(path, "hosts")).stdout).toMatch(/^INDEX {2}NAME +STATE .*\n +1 {2}host1 +up /);
    const hosts = JSON.parse((await ovsAppctl(path, "hosts", "--json")).stdout);
    expect(hosts.map((one: { id: string }) => one.id)).toEqual(["host1", "host2", "host3"]);
    expect((await ovsAppctl(path, "hosts", "--format", "csv")).stdout).toMatch(/^id,name,index,/);
    expect((await ovsAppctl(path, "topology")).stdout).toMatch(/^Fabric f1: 2 of 3 hosts up,/);
  });

  it("passes the controller's own words on with exit code 2, as ovs-appctl does", async () => {
    const { path } = await start();
    const { code, stdout, stderr } = await ovsAppctl(path, "flows", "host9");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^there is no host "host9"; the hosts are host1, host2, host3\n/);
    expect((await ovsAppctl(path, "nonsense")).stderr).toMatch(/"nonsense" is not a valid command/);
    expect((await ovsAppctl(path, "flows")).stderr).toMatch(/"flows" takes HOST, and got 0 arguments/);
    expect((await ovsAppctl(path, "hosts", "x")).stderr).toMatch(/"hosts" takes no arguments, and got 1/);
    expect((await ovsAppctl(path, "hosts", "--format=xml")).stderr).toMatch(/"xml" is not a format/);
    expect((await ovsAppctl(path, "topology", "--format=csv")).stderr).toMatch(/has no CSV form/);
  });

  it("adopts and releases a host, and says what comes of it", async () => {
    const { path } = await start();
    expect((await ovsAppctl(path, "adopt", "host1")).stdout).toBe(
      "bridge (waiting) of host host1 is being taken over\n",
    );
    expect((await ovsAppctl(path, "adopt", "host1", "br0", "now")).stdout).toBe(
      "bridge br0 of host host1 is being taken over at once\n",
    );
    expect((await ovsAppctl(path, "adopt", "host1", "br0", "later")).stderr).toMatch(/"later" is not "now"/);
    expect((await ovsAppctl(path, "release", "host1")).stdout).toBe("host host1 is as it was before it joined\n");
    expect((await ovsAppctl(path, "release")).stderr).toMatch(/"release" takes HOST, and got 0 arguments/);
  });

  it("approves a host that waits, and reads the keys again", async () => {
    const { path, queries } = await start();
    expect(await ovsAppctl(path, "hosts/approve", "host4")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(queries.approved).toEqual(["host4"]);
    expect((await ovsAppctl(path, "hosts/approve", "host5")).stderr).toMatch(/^no host "host5" waits to be approved/);
    expect(await ovsAppctl(path, "tls/reload")).toEqual({ code: 0, stdout: "nothing has changed\n", stderr: "" });
    expect(queries.reloads).toBe(1);
  });

  it("forgets a host", async () => {
    const { path, queries } = await start();
    expect(await ovsAppctl(path, "hosts/forget", "host3")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(queries.forgotten).toEqual(["host3"]);
  });
});

describe("callControl", () => {
  it("gives the answer's text", async () => {
    const { path } = await start();
    expect(await callControl(path, "version", ["--json"])).toBe('{\n  "name": "weft",\n  "version": "9.9.9"\n}\n');
  });

  it("throws what the controller refuses with", async () => {
    const { path } = await start();
    await expect(callControl(path, "hosts/forget", ["host1"])).rejects.toMatchObject({
      code: "control/refused",
      message: "host1 is connected; only a host that is away can be forgotten",
    });
  });

  it("keeps the inside of an unexpected failure inside, and tells the controller", async () => {
    const { path, errors } = await start();
    await expect(callControl(path, "flows", ["boom"])).rejects.toThrow(/^"flows" failed inside the controller/);
    expect(errors).toHaveLength(1);
    expect(await callControl(path, "version", [])).toBe("weft 9.9.9\n");
  });

  it("names the socket and the command to start a controller when none answers", async () => {
    const path = freshPath();
    await expect(callControl(path, "hosts", [])).rejects.toMatchObject({
      code: "control/unreachable",
      message: `no controller answers on ${path}; start one with: weft controller (or name its socket: --control SOCKET)`,
    });
  });

  it("does not wait forever for one who does not answer, and does not take anything for an answer", async () => {
    const path = join(directory, `${count++}.sock`);
    let reply = "";
    const server = createServer((socket) => socket.write(reply)).listen(path);
    await once(server, "listening");
    await expect(callControl(path, "hosts", [], 50)).rejects.toMatchObject({ code: "control/timeout" });
    for (reply of ["SSH-2.0-x\r\n", "[]", '{"id":0,"result":5,"error":null}', '{"__proto__":{"result":"x"}}']) {
      await expect(callControl(path, "hosts", [], 2000)).rejects.toMatchObject({ code: "control/lost" });
    }
    server.close();
  });
});

describe("the socket's file", () => {
  it("is made with its directory, for this user alone, and removed at the end", async () => {
    const { path, socket } = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await socket.close();
    expect(existsSync(path)).toBe(false);
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("goes, and its directory stays where others use it", async () => {
    const { path, socket } = await start();
    writeFileSync(join(dirname(path), "other"), "");
    await socket.close();
    expect(existsSync(path)).toBe(false);
    expect(existsSync(dirname(path))).toBe(true);
  });

  it("is not taken from a controller that answers", async () => {
    const { path } = await start();
    await expect(start(path)).rejects.toMatchObject({ code: "stream/address-in-use" });
    expect(await callControl(path, "version", [])).toBe("weft 9.9.9\n");
  });

  it("is taken from a process that was killed", async () => {
    const path = join(directory, `${count++}.sock`);
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("ready"))`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(path)).toBe(true);
    await start(path);
    expect(await callControl(path, "version", [])).toBe("weft 9.9.9\n");
  });

  it("is never put in place of another file", async () => {
    const path = join(directory, `${count++}.txt`);
    writeFileSync(path, "mine");
    await expect(start(path)).rejects.toMatchObject({ code: "stream/not-a-socket" });
    await expect(start(join(path, "weft.sock"))).rejects.toMatchObject({ code: "control/directory" });
    await expect(start(`/tmp/${"x".repeat(200)}`)).rejects.toThrow(/path/);
  });
});

describe("a rude caller", () => {
  function send(path: string, text: string): Promise<string> {
    return new Promise((resolve) => {
      let received = "";
      const socket = connect(path, () => socket.write(text));
      socket.on("data", (bytes) => {
        received += bytes;
      });
      socket.on("error", () => resolve(received));
      socket.on("close", () => resolve(received));
    });
  }

  it.each([
    ["no JSON", "GET / HTTP/1.1\r\n\r\n"],
    ["no request", '{"id":1,"method":5,"params":[]}'],
    ["parameters that are no text", '{"id":1,"method":"hosts","params":[{}]}'],
    ["a reply", '{"id":1,"result":"x","error":null}'],
    ["too deep a request", `{"id":1,"method":"hosts","params":[${"[".repeat(100)}`],
    ["too long a request", `{"id":1,"method":"hosts","params":["${"x".repeat(21 * 1024 * 1024)}"]}`],
    ["a thousand requests at once", '{"id":1,"method":"hosts","params":[]}'.repeat(1000)],
  ])("who sends %s is hung up on, and others are still answered", async (_, text) => {
    const { path } = await start();
    await send(path, text);
    expect(await callControl(path, "version", [])).toBe("weft 9.9.9\n");
  });

  it("may send requests in pieces or several at once, and is answered in order", async () => {
    const { path } = await start();
    const answers = await new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(path);
      socket.on("data", (bytes) => {
        received += bytes;
        if (received.includes('"id":3')) socket.destroy();
      });
      socket.on("close", () => resolve(received));
      const text = [1, 2, 3].map(
        (id) => `{"id":${id},"method":"${id === 1 ? "flows" : "version"}","params":[${id === 1 ? '"host1"' : ""}]}`,
      );
      for (const char of text.join(" ")) socket.write(char);
    });
    expect([...answers.matchAll(/"id":(\d)/g)].map((match) => match[1])).toEqual(["1", "2", "3"]);
  });
});
