import assert from "node:assert/strict";
import fc from "fast-check";
import { hdlcLink } from "../../../../src/link/hdlc";
import { hdlcFrame } from "../../../support/hdlc-peer";
import { LinkLine } from "../../../support/link-line";

const response = 1000;
const retries = 2;
const get = "c001c100030100010800ff0200";
const fromMeter = (control: number, info = "", segmented = false): string =>
  hdlcFrame("21", "0223", control, info, segmented);
const ua = fromMeter(0x73, "818012 050180 060110 070400000003 080400000003");
/** I frame of the meter */
const info = (sendSequence: number, receiveSequence: number, final: boolean, data: string, segmented = false): string =>
  fromMeter((receiveSequence << 5) | (final ? 0x10 : 0) | (sendSequence << 1), data, segmented);

function up(): LinkLine {
  const line = new LinkLine(
    hdlcLink({ clientAddress: 16, server: { logical: 1, physical: 17 }, timeouts: { response }, retries }),
  );
  line.open().receive(ua);
  assert.equal(line.link.state, "open");
  return line;
}

const over = (line: LinkLine): boolean => line.failure !== undefined || line.apdus.length > 0;

/**
 * A request to a meter that repeats the same bytes at an interval, whatever the request; returns how long it took to
 * end.
 */
function babble(line: LinkLine, everyMs: number, say: (n: number) => string): number {
  line.send(get);
  const from = line.now;
  for (let n = 0; !over(line) && line.now - from < 3_600_000; n++) line.receive(say(n)).pass(everyMs);
  return line.now - from;
}

describe("a meter that talks without end", () => {
  const words: readonly [string, (n: number) => string][] = [
    ["an old frame again and again", () => info(7, 0, false, "e6e700c401")],
    ["an old frame again and again, final", () => info(7, 0, true, "e6e700c401")],
    ["a frame far ahead", () => info(4, 1, false, "e6e700c401")],
    ["a frame far ahead, final", () => info(4, 1, true, "e6e700c401")],
    ["receive ready, not final", () => fromMeter(0x01)],
    ["receive ready, final, nothing taken", () => fromMeter(0x11)],
    ["receive ready, final, all taken", () => fromMeter(0x31)],
    ["not ready", () => fromMeter(0x35)],
    ["not ready, not final", () => fromMeter(0x25)],
    ["REJ", () => fromMeter(0x19)],
    ["UA", () => fromMeter(0x73)],
    ["an impossible N(R)", () => fromMeter(0xd1)],
    ["pushes", () => fromMeter(0x13, "e6e7000f00000001001105")],
    ["pushes in I frames", (n) => info(n & 7, 1, false, "e6e7000f00000001001105")],
    ["pushes in I frames, final", (n) => info(n & 7, 1, true, "e6e7000f00000001001105")],
    ["a push in UI segments", () => fromMeter(0x13, "e6e70001", true)],
    ["segments without a byte", (n) => info(n & 7, 1, false, "", true)],
    ["a frame of somebody else", () => hdlcFrame("21", "0225", 0x30, "e6e700c401")],
    ["noise", () => "7ea0a07e00ff55aa"],
    ["flags", () => "7e7e7e7e7e7e7e7e"],
  ];
  for (const [what, say] of words) {
    for (const everyMs of [20, 400, 900]) {
      it(`${what}, every ${everyMs} ms: the request ends`, () => {
        const line = up();
        const took = babble(line, everyMs, say);
        assert.ok(took <= 60_000, `${took} ms`);
        assert.equal(line.apdus.length, 0);
        assert.ok(["DlmsTimeoutError", "DlmsLinkError"].includes(line.failure?.name ?? ""), line.failure?.message);
      });
    }
  }

  it("any frames in any order: the request ends, without an answer that was not sent in order", function () {
    this.timeout(60_000);
    const word = fc.oneof(
      fc.record({
        kind: fc.constant("info" as const),
        ns: fc.nat(7),
        nr: fc.nat(7),
        final: fc.boolean(),
        more: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant("control" as const),
        byte: fc.constantFrom(0x01, 0x11, 0x31, 0x35, 0x25, 0x15, 0x73, 0x1f, 0x97, 0x09, 0x19, 0x51),
      }),
      fc.record({ kind: fc.constant("silence" as const), ms: fc.integer({ min: 1, max: 2000 }) }),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (script) => {
        const line = up();
        line.send(get);
        const from = line.now;
        let expected = 0;
        let whole = "";
        const complete: string[] = [];
        for (let n = 0; !over(line) && line.now - from < 3_600_000; n++) {
          const said = script[n % script.length];
          if (said?.kind === "silence") line.pass(said.ms);
          else if (said?.kind === "control") line.receive(fromMeter(said.byte)).pass(30);
          else if (said !== undefined) {
            const data = `${whole === "" ? "e6e700c4" : ""}${(n & 0xff).toString(16).padStart(2, "0")}`;
            // result of a receiver that checks only the numbers: one frame was sent, and no other after it
            if (said.ns === expected && said.nr <= 1) {
              whole += data;
              expected = (expected + 1) & 7;
              if (!said.more) {
                complete.push(whole.slice(6));
                whole = "";
              }
            }
            line.receive(info(said.ns, said.nr, said.final, data, said.more)).pass(30);
          }
        }
        assert.ok(line.now - from <= 120_000, `${line.now - from} ms`);
        for (const apdu of line.apdus) assert.ok(complete.includes(apdu), `${apdu} of ${complete.join(" ")}`);
        assert.ok(line.failure !== undefined || line.apdus.length === 1);
      }),
      { numRuns: 1500, seed: 20261122 },
    );
  });
});
