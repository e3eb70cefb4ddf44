/** The program `dlms` as a process: exit codes, signals and pipes. */
import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createMeter, householdDefinition, type SimulatedMeter } from "../../../src/index";
import { Program } from "../../support/command-line";

/** Resolves with the exit code. */
async function ended(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

describe("command line: process", function () {
  this.timeout(60_000);
  let program: Program;

  const listeners: { close(): Promise<void> }[] = [];

  before(() => {
    program = new Program();
  });
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  });

  async function listening(meter: SimulatedMeter): Promise<{ readonly port: number }> {
    const listener = await meter.listen();
    listeners.push(listener);
    return listener;
  }

  it("simulates a meter that another process reads, and ends with 130 after SIGINT", async () => {
    const simulator = program.start(["simulate", "--port", "0", "--json"]);
    const lines = createInterface({ input: simulator.stdout });
    const [line] = (await once(lines, "line")) as [string];
    const { port } = JSON.parse(line) as { port: number };
    const { code, out, err } = await program.run(["read", `127.0.0.1:${port}`, "1.8.0", "--json"]);
    assert.equal(code, 0, err);
    assert.equal((JSON.parse(out) as { unit: string }[])[0]?.unit, "Wh");
    simulator.kill("SIGINT");
    assert.equal(await ended(simulator), 130);
  });

  it("ends with 2 for a usage error and with 1 for a meter that does not answer", async () => {
    const wrong = await program.run(["read"]);
    assert.equal(wrong.code, 2);
    const meter = createMeter(householdDefinition());
    const listener = await meter.listen();
    const { port } = listener;
    await listener.close();
    const refused = await program.run(["read", `127.0.0.1:${port}`, "1.8.0"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^dlms: .*refused/);
    assert.equal(refused.out, "");
  });

  it("closes the session of the meter before it ends after SIGINT", async () => {
    const meter = createMeter(householdDefinition());
    // no answer to the read, so that the command waits
    meter.use({ name: "silent", request: (apdu) => (apdu.apdu.startsWith("get-request") ? [] : undefined) });
    const listener = await listening(meter);
    const child = program.start(["read", `127.0.0.1:${listener.port}`, "1.8.0", "--timeout", "60000"]);
    await meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu.startsWith("get-request"));
    child.kill("SIGINT");
    assert.equal(await ended(child), 130);
    assert.equal((await meter.waitFor((item) => item.kind === "closed")).kind, "closed");
  });

  it("ends quietly when the reader of its output goes", async () => {
    const meter = createMeter(householdDefinition());
    const listener = await listening(meter);
    const child = program.start(["profile", `127.0.0.1:${listener.port}`]);
    const texts: string[] = [];
    child.stderr.on("data", (part: Buffer) => texts.push(part.toString()));
    await once(child.stdout, "data");
    child.stdout.destroy();
    assert.equal(await ended(child), 0);
    assert.deepEqual(texts, []);
  });
});
