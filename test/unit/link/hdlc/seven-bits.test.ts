import assert from "node:assert/strict";
import { fromHex, toHex, withEvenParity } from "../../../../src/bytes";
import { hdlcLink } from "../../../../src/link";
import { hdlcFrame } from "../../../support/hdlc-peer";
import { LinkLine } from "../../../support/link-line";

const parity = (hex: string): string => toHex(withEvenParity(fromHex(hex)));
const seven = (hex: string): string => toHex(fromHex(hex).map((byte) => byte & 0x7f));
const ua = hdlcFrame("21", "03", 0x73);
const dm = hdlcFrame("21", "03", 0x1f);
const frmr = hdlcFrame("21", "03", 0x97, "330000");
const uaWithParameters = hdlcFrame("21", "03", 0x73, "8180140502008006020080070400000001080400000001");

/** The line until the link fails: `answer` answers each SNRM. */
function failed(answer: (sent: string) => string): LinkLine {
  const session = new LinkLine(
    hdlcLink({ clientAddress: 16, server: { logical: 1 }, timeouts: { response: 1000, close: 500 }, retries: 1 }),
  ).open();
  while (session.failure === undefined) {
    for (const sent of session.taken()) session.receive(answer(sent));
    session.timeOut();
  }
  return session;
}

describe("a line with seven data bits", () => {
  for (const [what, answer, where, text] of [
    [
      "our own frames with parity bits",
      parity,
      "line",
      /our own frames with a parity bit: the line is at 7E1; set it to 8N1/,
    ],
    [
      "a UA with parity bits",
      () => parity(ua),
      "line",
      /the meter's answer \(UA\) with a parity bit: the line is at 7E1/,
    ],
    ["a UA with parameters and parity bits", () => parity(uaWithParameters), "line", /the line is at 7E1/],
    ["a DM with parity bits", () => parity(dm), "line", /the meter's answer \(DM\) with a parity bit/],
    ["an FRMR without bit 8", () => seven(frmr), "port", /the meter's answer \(FRMR\) without bit 8/],
    ["our own frames without bit 8", seven, "port", /our own frames without bit 8: the port is at 7E1; set it to 8N1/],
    ["a UA without bit 8", () => seven(ua), "port", /the meter's answer \(UA\) without bit 8: the port is at 7E1/],
  ] as const) {
    it(`is recognised by ${what}`, () => {
      const { failure } = failed(answer);
      assert.equal(failure?.code, "DLMS_LINK_FRAME_INVALID");
      assert.match(failure.message, text);
      assert.equal(failure.details.sevenBits, where);
    });
  }

  for (const [what, answer] of [
    ["an echo of eight bits", (sent: string) => sent],
    ["noise", () => "00ff13a5c3007f81"],
    ["silence", () => ""],
    ["a damaged UA", () => ua.replace(/..7e$/, "007e")],
  ] as const) {
    it(`is not seen in ${what}`, () => {
      assert.equal(failed(answer).failure?.details.sevenBits, undefined);
    });
  }
});

describe("a meter that pushes and does not answer", () => {
  const push = "e6e7000f00000001001101";
  for (const [whom, destination, named] of [
    ["another client", "41", "from 1 to 32"],
    ["all clients", "ff", "from 1 to 127"],
    ["this client", "21", "from 1 to 16"],
  ] as const) {
    it(`is named with the addresses of its frames: to ${whom}`, () => {
      const { failure } = failed(() => hdlcFrame(destination, "03", 0x13, push));
      assert.equal(failure?.code, "DLMS_TIMEOUT_LINK");
      assert.ok(failure.message.includes(`it pushed (${named}), and did not answer; check the client address`));
      assert.deepEqual(failure.details.others, [named]);
    });
  }
});
