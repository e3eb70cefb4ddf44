/** Messages in pieces of one byte in a small heap. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { resolve } from "node:path";

const child = resolve(__dirname, "../support/tiny-pieces-child.ts");

interface Ending {
  readonly ended: string;
  readonly peakMb: number;
}

/** Runs one case in a process with a heap of 128 MB. */
function run(scenario: string, pieces: number): Promise<Ending> {
  const args = ["--max-old-space-size=128", "--import", "tsx", child, scenario, String(pieces)];
  const started = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let problems = "";
  started.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  started.stderr.setEncoding("utf8").on("data", (text: string) => (problems += text));
  return new Promise((done, fail) => {
    started.on("error", fail);
    started.on("close", (code, signal) => {
      if (code === 0) done(JSON.parse(out) as Ending);
      else fail(new Error(`the process ended with ${code ?? signal}: ${problems.slice(0, 1000)}`));
    });
  });
}

/** docs/limits.md: memory that a message may occupy besides its own bytes. */
const maxMegabytes = 100;

describe("messages in pieces of one byte, with a heap of 128 MB", function () {
  this.timeout(120_000);

  it("accepts an answer in 300,000 HDLC segments", async () => {
    const { ended, peakMb } = await run("hdlc-answer", 300_000);
    assert.equal(ended, "value 299991");
    assert.ok(peakMb <= maxMegabytes, `${peakMb} MB`);
  });

  it("ends a connection on which 300,000 segments of a push arrive without a pause, or accepts them", async () => {
    const { ended, peakMb } = await run("hdlc-push", 300_000);
    assert.match(ended, /^(push 300011|DLMS_CONN_LOST)$/);
    assert.ok(peakMb <= maxMegabytes, `${peakMb} MB`);
  });

  for (const scenario of ["get-blocks", "general-blocks"]) {
    it(`ends ${scenario} of one byte at the limit of a result`, async () => {
      const { ended, peakMb } = await run(scenario, 400_000);
      assert.equal(ended, "DLMS_DECODE_LIMIT");
      assert.ok(peakMb <= maxMegabytes, `${peakMb} MB`);
    });
  }
});
