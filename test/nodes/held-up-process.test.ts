import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { createMeter } from "../../src/simulator";
import { register } from "../support/meters";

type Told = Record<string, unknown>;

const childScript = resolve(__dirname, "../support/held-up-child.ts");

/** Runs the child against a meter; `look` gets each event and ends the child by returning true. */
async function run(
  mode: string,
  look: (event: Told, signal: (name: NodeJS.Signals) => void) => boolean,
): Promise<Told[]> {
  const meter = createMeter({
    associations: [{ client: 1, mechanism: "lls", secret: "right" }],
    objects: [
      register("1.0.1.8.0.255", 7, 0),
      { classId: 8, logicalName: "0.0.1.0.0.255", attributes: { 2: { type: "null-data", value: null } } },
    ],
  });
  const listener = await meter.listen();
  const child = spawn(process.execPath, ["--import", "tsx", childScript, mode, String(listener.port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const events: Told[] = [];
  const ended = new Promise((done) => child.once("close", done));
  createInterface(child.stdout).on("line", (line) => {
    const event = JSON.parse(line) as Told;
    events.push(event);
    if (look(event, (name) => child.kill(name))) child.kill("SIGKILL");
  });
  await ended;
  await listener.close();
  return events;
}

describe("a process that is suspended", () => {
  it("reads the answers received while its event loop was blocked, and does not lock the password", async () => {
    const events = await run("blocks", () => false);
    assert.deepEqual(
      events.filter(({ value }) => value !== undefined).map(({ value }) => value),
      [7, 7],
    );
    assert.deepEqual(
      events.filter(({ doubtful, code }) => doubtful === true || code !== undefined),
      [],
    );
  });

  it("does not report a meter as offline after SIGSTOP and SIGCONT", async function () {
    if (process.platform === "win32") this.skip();
    let answers = 0;
    let stopped = 0;
    const events = await run("probes", ({ answered }, signal) => {
      if (answered === undefined) return false;
      answers++;
      if (answers % 2 === 0 && stopped < 2) {
        stopped++;
        signal("SIGSTOP");
        // longer than the meter may be silent
        setTimeout(() => {
          signal("SIGCONT");
        }, 1000);
      }
      return answers === 6;
    });
    assert.equal(answers >= 6 && stopped === 2, true);
    assert.deepEqual(
      events.filter(({ phase }) => phase !== undefined).map(({ phase }) => phase),
      ["connecting", "connected"],
    );
  });
});
