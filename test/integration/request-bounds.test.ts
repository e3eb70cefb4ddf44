import assert from "node:assert/strict";
import { encodeApdu, parseApdu } from "../../src/apdu";
import { fromHex, toHex } from "../../src/bytes";
import { createClient, type DlmsClient } from "../../src/client";
import type { TimerHandle } from "../../src/clock";
import { attribute } from "../../src/cosem";
import { memoryTransport } from "../../src/transport";
import { hdlcFrame } from "../support/hdlc-peer";
import { settle, VirtualClock } from "../support/virtual-clock";

const client = "21";
const meter = "0223";
const aare = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000181d04000007";
const minute = 60_000;

interface Rig {
  readonly clock: VirtualClock;
  readonly one: DlmsClient;
  readonly connections: () => number;
}

/**
 * A meter whose answers to these requests continue in segments of 20 bytes, fast enough for the rate and without end.
 */
function endless(kind: "aarq" | "get", object: "first" | "all" = "all"): Rig {
  const clock = new VirtualClock();
  let connections = 0;
  const transport = memoryTransport((peer) => {
    connections++;
    const first = connections === 1;
    let sent = 0;
    let received = 0;
    let timer: TimerHandle | undefined;
    const say = (control: number, info = "", segmented = false): void => {
      peer.send(fromHex(hdlcFrame(client, meter, control, info, segmented)));
    };
    const info = (text: string, segmented = false): void => {
      say((received << 5) | 0x10 | (sent << 1), text, segmented);
      sent = (sent + 1) % 8;
    };
    let segments = 0;
    // no segment equals another, because the link requests a possible late copy again
    const goOn = (text: string): void => {
      info(text, true);
      segments++;
      timer = clock.setTimeout(() => goOn(segments.toString(16).padStart(40, "0")), 900);
    };
    return {
      receive: (bytes) => {
        const control = bytes[6] ?? 0;
        if (control === 0x93) {
          sent = received = 0;
          say(0x73);
        } else if (control === 0x53) say(0x73);
        if ((control & 1) === 1) return;
        received = (received + 1) % 8;
        const request = parseApdu(bytes.subarray(12, bytes.length - 3));
        const held = object === "all" || first;
        if (request.apdu === "aarq") {
          if (kind === "aarq") goOn("e6e70061");
          else info(`e6e700${aare}`);
        } else if (request.apdu === "get-request-normal") {
          const { invokeId } = request;
          const answer = encodeApdu({
            apdu: "get-response-normal",
            invokeId,
            result: { ok: true, data: fromHex("1107") },
          });
          if (held) goOn("e6e700c401");
          else info(`e6e700${toHex(answer)}`);
        }
      },
      closed: () => {
        clock.clearTimeout(timer);
      },
    };
  }, "endless");
  const one = createClient({
    transport,
    link: { kind: "hdlc" },
    client: { sap: 16 },
    server: { logical: 1, physical: 17 },
    clock,
  });
  return { clock, one, connections: () => connections };
}

const ref = attribute("DATA", "0.0.96.1.0.255", "value");

describe("a request without its own bound", () => {
  it("ends after ten minutes, though the meter continues to answer", async () => {
    const { clock, one } = endless("get");
    const began = clock.now();
    await assert.rejects(clock.runUntil(one.read(ref)), {
      code: "DLMS_TIMEOUT_RESPONSE",
      message: /^not finished within 600 s, the bound of a request without timeoutMs/,
    });
    assert.ok(clock.now() - began >= 10 * minute && clock.now() - began <= 11 * minute, `${clock.now() - began} ms`);
    await clock.runUntil(one.close());
    assert.equal(clock.pending, 0);
  });

  it("has a bound that grows with the number of attributes", async () => {
    const { clock, one } = endless("get");
    const read = one.readMany(Array.from({ length: 101 }, () => ref));
    let ended = false;
    read.catch(() => {
      ended = true;
    });
    await clock.tickAsync(34 * minute);
    assert.equal(ended, false);
    // 100 more attributes with 3 attempts of 5 s each
    await clock.tickAsync(2 * minute);
    assert.equal(ended, true);
    await clock.runUntil(one.close());
  });

  it("does not shorten the bound of a caller that has set one, though both wait for the same answer", async () => {
    const { clock, one } = endless("get");
    const ended: string[] = [];
    for (const timeoutMs of [undefined, 20 * minute]) {
      one.read(ref, timeoutMs === undefined ? {} : { timeoutMs }).catch((error: Error) => ended.push(error.message));
    }
    await clock.tickAsync(11 * minute);
    assert.equal(ended.length, 1);
    await clock.tickAsync(8 * minute);
    assert.equal(ended.length, 1);
    await clock.tickAsync(2 * minute);
    assert.match(ended[1] ?? "", /not finished within 1200000 ms/);
    await clock.runUntil(one.close());
  });
});

describe("a request that its caller gave up", () => {
  it("holds the next one up for 20 response time-outs at most, then the client connects again", async () => {
    const { clock, one, connections } = endless("get", "first");
    const aborter = new AbortController();
    const given = one.read(ref, { signal: aborter.signal });
    given.catch(() => undefined);
    await clock.tickAsync(3000);
    aborter.abort(new Error("no longer wanted"));
    await assert.rejects(given, /no longer wanted/);
    const began = clock.now();
    assert.equal((await clock.runUntil(one.read(ref))).value, 7);
    assert.ok(clock.now() - began <= 150_000, `${clock.now() - began} ms`);
    assert.equal(connections(), 2);
    await clock.runUntil(one.close());
  });
});

describe("an association", () => {
  it("ends after ten minutes when the meter answers its request without end", async () => {
    const { clock, one } = endless("aarq");
    const began = clock.now();
    await assert.rejects(clock.runUntil(one.open({ timeoutMs: 60 * minute })), {
      code: "DLMS_TIMEOUT_ASSOCIATE",
      message: /not made within 610 s, though the meter went on answering/,
    });
    assert.ok(clock.now() - began <= 11 * minute, `${clock.now() - began} ms`);
    await clock.runUntil(one.close());
    await settle();
    assert.equal(clock.pending, 0);
  });
});
