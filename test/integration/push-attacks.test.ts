/** Attacks on a push decoder in a process with a small heap: bytes one by one, lengths of 4 GiB, unfinished messages. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { bundledChild } from "../support/bundled-child";

interface Ending {
  /** what the push after the attack gives */
  readonly values: readonly unknown[];
  readonly codes: readonly string[];
  readonly unfinished: number;
  readonly peakMb: number;
}

let bundle: string | undefined;

/** Runs an attack in a process with a heap of 64 MB; rejects when the process dies. */
function attacked(name: string, framing: string, count: number): Promise<Ending> {
  bundle ??= bundledChild(resolve(__dirname, "../support/push-attack-child.ts"));
  const args = ["--max-old-space-size=64", bundle, name, framing, String(count)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      if (code === 0) done(JSON.parse(text) as Ending);
      else fail(new Error(`${name}: the process ended with ${code ?? signal}: ${errors.slice(0, 500)}`));
    });
  });
}

/** Memory that the decoder of one stream may occupy, with the rest of the process. */
const maxMegabytes = 40;

describe("a push decoder that is attacked", function () {
  this.timeout(120_000);

  for (const framing of ["hdlc", "wrapper", "mbus", "apdu", "p1", "auto"]) {
    it(`takes 200,000 single bytes of a unit that never ends, and then the next push: ${framing}`, async () => {
      const { values, codes, unfinished, peakMb } = await attacked("slow-bytes", framing, 200_000);
      assert.deepEqual(values, [42]);
      assert.ok(codes.includes("DLMS_PUSH_NO_UNIT"), codes.join());
      assert.equal(unfinished, 0);
      assert.ok(peakMb <= maxMegabytes, `${peakMb} MB`);
    });
  }

  for (const [attack, framings] of [
    ["long-lengths", ["hdlc", "wrapper", "apdu"]],
    ["unfinished-blocks", ["hdlc", "wrapper"]],
    ["other-lists", ["wrapper"]],
  ] as const) {
    for (const framing of framings) {
      it(`keeps its bounds: ${attack}, ${framing}`, async () => {
        const { values, codes, unfinished, peakMb } = await attacked(attack, framing, 200_000);
        assert.deepEqual(values, [42]);
        assert.ok(!codes.includes("a long message"), codes.join());
        assert.equal(unfinished, 0);
        assert.ok(peakMb <= maxMegabytes, `${peakMb} MB`);
      });
    }
  }
});
