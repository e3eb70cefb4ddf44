/** Answers that trickle in: time-outs hold and progress is honoured. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../src/bytes";
import { LinkDriver } from "../../src/driver/link-driver";
import { SharedLine } from "../../src/driver/shared-line";
import { createClient } from "../../src/client";
import { encodeApdu, parseApdu } from "../../src/apdu";
import { hdlcLink, type LinkProtocol, wrapperLink } from "../../src/link";
import { memoryTransport } from "../../src/transport";
import { hdlcFrame } from "../support/hdlc-peer";
import { attribute } from "../../src/cosem";
import { settle, VirtualClock } from "../support/virtual-clock";
import { aare, getData, releaseResponse, wpdu } from "../support/apdus";

const client = "21";
const meter = "0223";
const ref = attribute("DATA", "0.0.96.1.0.255", "value");

interface Rig {
  readonly clock: VirtualClock;
  readonly channel: LinkDriver;
  readonly say: (hex: string) => void;
  /** last message of the client */
  readonly heard: () => string;
}

/** A channel whose other side is scripted by the test. */
async function rig(link: LinkProtocol): Promise<Rig> {
  const clock = new VirtualClock();
  let say = (_hex: string): void => undefined;
  let heard = "";
  const transport = memoryTransport((peer) => {
    say = (hex) => {
      peer.send(fromHex(hex));
    };
    return {
      receive: (bytes) => {
        heard = toHex(bytes);
      },
      closed: () => undefined,
    };
  }, "slow");
  const nothing = (): void => undefined;
  const channel = new LinkDriver({
    line: new SharedLine(transport),
    link,
    clock,
    response: 1000,
    traffic: { bytesIn: 0, bytesOut: 0, roundTrips: 0 },
    events: { notification: nothing, down: nothing, frame: nothing, apdu: nothing, note: nothing },
  });
  const opening = channel.open({ timeoutMs: 1000 });
  await settle();
  if (link.kind === "hdlc") say(hdlcFrame(client, meter, 0x73));
  await opening;
  return { clock, channel, say: (hex) => say(hex), heard: () => heard };
}

const hdlc = (): LinkProtocol =>
  hdlcLink({ clientAddress: 16, server: { logical: 1, physical: 17 }, timeouts: { response: 1000 }, retries: 0 });
const wrapper = (): LinkProtocol => wrapperLink({ clientSap: 16, serverSap: 1, timeouts: { response: 1000 } });

/** Time and outcome of the exchange, while `each` runs every `ms`. */
async function ending(
  { clock, channel }: Rig,
  ms: number,
  each: (round: number) => void,
): Promise<{ readonly at: number; readonly code: string; readonly message: string }> {
  let outcome: { at: number; code: string; message: string } | undefined;
  const began = clock.now();
  channel.exchange(fromHex("c001c100"), { request: "read" }).then(
    (apdu) => {
      outcome = { at: clock.now() - began, code: toHex(apdu), message: "" };
    },
    (error: { code: string; message: string }) => {
      outcome = { at: clock.now() - began, code: error.code, message: error.message };
    },
  );
  await settle();
  for (let round = 0; outcome === undefined && round < 100_000; round++) {
    each(round);
    await clock.tickAsync(ms);
  }
  assert.ok(outcome !== undefined, "the exchange ends");
  return outcome;
}

describe("a response time-out of 1 s", () => {
  const cases: [name: string, link: () => LinkProtocol, chunks: string[]][] = [
    ["messages for another client", wrapper, [wpdu(1, 32, getData("00"))]],
    ["messages of another meter, cut anywhere", wrapper, cut(wpdu(2, 16, getData("00")), 5)],
    ["headers of messages for others", wrapper, cut(wpdu(1, 32, getData("00")).repeat(2), 9)],
    [
      "a long message for another client",
      wrapper,
      [wpdu(1, 32, "00".repeat(2000)).slice(0, 16), ...Array<string>(60).fill("00")],
    ],
    ["frames for another client", hdlc, [hdlcFrame("41", meter, 0x10, "e6e700c401c10000")]],
    ["frames of another meter, cut anywhere", hdlc, cut(hdlcFrame(client, "0225", 0x10, "e6e700c401c10000"), 4)],
    ["unasked frames of the meter", hdlc, cut(hdlcFrame(client, meter, 0x03, "e6e7000f00000000"), 3)],
    ["noise", hdlc, ["00", "ff", "a0"]],
    ["noise that looks like the beginning of a frame", hdlc, ["7e", "a0", "1f"]],
  ];
  for (const [name, link, chunks] of cases) {
    it(`ends in spite of ${name}`, async () => {
      const own = await rig(link());
      const { at, code } = await ending(own, 90, (round) => {
        own.say(chunks[round % chunks.length] ?? "");
      });
      assert.match(code, /^DLMS_(TIMEOUT_RESPONSE|LINK_ADDRESS)$/);
      // the time-out, and once the wait between bytes for a possible header of the answer
      assert.ok(at >= 1000 && at <= 2600, `${at} ms`);
    });
  }

  it("completes an answer that began in time", async () => {
    for (const [link, answer] of [
      [wrapper, wpdu(1, 16, getData("110500"))],
      [hdlc, hdlcFrame(client, meter, 0x30, "e6e700c401c100110500")],
    ] as const) {
      const own = await rig(link());
      const bytes = cut(answer, 1);
      const { at, code } = await ending(own, 100, (round) => {
        own.say(bytes[round - 8] ?? "");
      });
      assert.equal(code, getData("110500"));
      assert.ok(at > 2000);
    }
  });
});

describe("an answer that arrives too slowly", () => {
  it("ends for one WPDU with a byte every 900 ms", async () => {
    const own = await rig(wrapper());
    const header = wpdu(1, 16, "00".repeat(2000)).slice(0, 16);
    const { at, code, message } = await ending(own, 900, (round) => {
      own.say(round === 0 ? header : "00");
    });
    assert.equal(code, "DLMS_TIMEOUT_INTERFRAME");
    assert.match(message, /too slowly, \d+ more bytes were expected after \d+ bytes in \d+ s/);
    assert.ok(at <= 60_000, `${at} ms`);
  });

  it("ends for HDLC segments of one byte, without repeated requests", async () => {
    const own = await rig(hdlc());
    const { at, code, message } = await ending(own, 900, (round) => {
      const [send, receive] = [round % 8, 1];
      const control = (receive << 5) | 0x10 | (send << 1);
      // no segment equals the one eight before it, because the link would request it again
      const byte = (round & 0xff).toString(16).padStart(2, "0");
      own.say(hdlcFrame(client, meter, control, round === 0 ? "e6e700c4" : byte, true));
    });
    assert.equal(code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(message, /too slowly: \d+ bytes in \d+ s, at least 4 bytes\/s/);
    assert.ok(at <= 40_000, `${at} ms`);
  });

  const blocks = (size: number, ms: number, limit: number) => {
    const clock = new VirtualClock();
    const transport = memoryTransport((peer) => {
      let number = 0;
      const answer = (apdu: Uint8Array): void => {
        peer.send(fromHex(wpdu(1, 16, toHex(apdu))));
      };
      return {
        receive: (bytes) => {
          const request = parseApdu(bytes.subarray(8));
          if (request.apdu === "aarq") {
            answer(fromHex(aare(0x00181d, 1024)));
            return;
          }
          if (request.apdu === "rlrq") {
            answer(fromHex(releaseResponse));
            return;
          }
          if (!("invokeId" in request)) return;
          if (request.apdu === "get-request-normal") number = 0;
          number++;
          const { invokeId } = request;
          const data = number === 1 ? fromHex(`098203e8${"00".repeat(size)}`) : new Uint8Array(size);
          const last = number >= limit;
          clock.setTimeout(() => {
            answer(
              encodeApdu({
                apdu: "get-response-with-datablock",
                invokeId,
                last,
                blockNumber: number,
                result: { ok: true, data },
              }),
            );
          }, ms);
        },
        closed: () => undefined,
      };
    }, "blocks");
    const one = createClient({
      transport,
      link: { kind: "wrapper" },
      client: { sap: 16 },
      server: { logical: 1 },
      timeouts: { response: 1000 },
      clock,
    });
    return { clock, one };
  };

  it("ends within a minute for blocks of one byte every 900 ms", async () => {
    const { clock, one } = blocks(1, 900, 1_000_000);
    const began = clock.now();
    await assert.rejects(clock.runUntil(one.read(ref)), {
      code: "DLMS_TIMEOUT_RESPONSE",
      message: /too slowly: \d+ bytes in \d+ s/,
    });
    assert.ok(clock.now() - began < 60_000, `${clock.now() - began} ms`);
    await clock.runUntil(one.close());
  });

  it("is accepted when blocks of 20 bytes arrive every 900 ms, however long it takes", async () => {
    const { clock, one } = blocks(20, 900, 50);
    const began = clock.now();
    const { value } = await clock.runUntil(one.read(ref));
    assert.equal((value as string).length, 2000);
    assert.ok(clock.now() - began >= 45_000);
    await clock.runUntil(one.close());
  });
});

function cut(hex: string, bytes: number): string[] {
  return hex.match(new RegExp(`.{1,${2 * bytes}}`, "g")) ?? [];
}
