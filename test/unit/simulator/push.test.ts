/** The forms in which a simulated meter pushes, decoded by the push decoder. */
import assert from "node:assert/strict";
import { joinBytes, toHex } from "../../../src/bytes";
import { MbusFramer } from "../../../src/link";
import { decodePush, type PushDecoderOptions } from "../../../src/push";
import {
  badFcs,
  type Behaviour,
  createMeter,
  demoKeys,
  householdDefinition,
  interleaved,
  lModulo,
  lostSegment,
  midFrameStart,
  oddDate09,
  oldCounter,
  type PushProtection,
  type PushSetup,
  repeatCounter,
  wrongKey,
} from "../../../src/simulator";
import { VirtualClock } from "../../support/virtual-clock";
import { pushReceiver } from "./push-receiver";

const noon = Date.UTC(2026, 0, 15, 11, 0, 0);
const meterTitle = Uint8Array.of(0x53, 0x49, 0x4d, 1, 2, 3, 4, 5);
const objects = ["0.0.96.1.0.255", "1.0.1.8.0.255", "1.0.32.7.0.255"].map((logicalName) => ({ logicalName }));
const keys = { encryptionKey: demoKeys.encryptionKey, authenticationKey: demoKeys.authenticationKey };

/** Sends pushes one after another; returns the bytes of each. */
async function pushed(
  setup: Partial<PushSetup>,
  count = 1,
  behaviours: readonly Behaviour[] = [],
): Promise<readonly Uint8Array[]> {
  const clock = new VirtualClock({ epoch: noon });
  const receiver = pushReceiver();
  const meter = createMeter({ ...householdDefinition({ clock }), systemTitle: meterTitle }, { clock });
  meter.use(...behaviours);
  const handle = meter.pushTo({ objects, ...setup, to: receiver.transport });
  const sent: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    await clock.runUntil(handle.push());
    await clock.tickAsync(0);
    sent.push(receiver.take());
  }
  await handle.close();
  return sent;
}

const decoded = (bytes: Uint8Array, options: PushDecoderOptions = {}): ReturnType<typeof decodePush> =>
  decodePush(bytes, { keys, ...options });

const codes = (problems: readonly { readonly code: string }[]): string[] => problems.map(({ code }) => code);

async function onePush(setup: Partial<PushSetup>, options?: PushDecoderOptions) {
  const { pushes, problems } = decoded(joinBytes(await pushed(setup)), options);
  assert.deepEqual(problems, []);
  assert.equal(pushes.length, 1);
  const [push] = pushes;
  assert.ok(push);
  return push;
}

describe("pushes of a simulated meter", () => {
  for (const framing of ["wrapper", "hdlc", "mbus", "apdu"] as const) {
    for (const list of ["items", "triples", "pairs", "objects"] as const) {
      it(`names each value of the list "${list}" over ${framing}`, async () => {
        const push = await onePush({ framing, list });
        assert.equal(push.link.framing, framing);
        assert.equal(push.time, "2026-01-15T12:00:00+01:00");
        assert.equal(push.meterId, "SIM00000001");
        assert.deepEqual(
          push.items.map(({ logicalName }) => logicalName),
          objects.map(({ logicalName }) => logicalName),
        );
        const [, energy, voltage] = push.items;
        assert.equal(energy?.type, "double-long-unsigned");
        assert.equal(typeof energy.value, "number");
        const hasScalers = list === "items" || list === "triples";
        assert.equal(voltage?.scalerFrom, hasScalers ? "frame" : "none");
        assert.equal(voltage.unit, hasScalers ? "V" : null);
      });
    }
  }

  it("sends bare values and a list id if the list is positional", async () => {
    const push = await onePush({ list: "positional", listId: "SIMULATED_V1" });
    assert.equal(push.items[0]?.value, "SIMULATED_V1");
    assert.equal(push.items.length, 4);
    assert.equal(push.items[3]?.logicalName, null);
  });

  it("pushes the scaler_unit of an object whose attribute 3 is listed", async () => {
    const voltage = { logicalName: "1.0.32.7.0.255" };
    const push = await onePush({ list: "objects", objects: [voltage, { ...voltage, attributeId: 3 }] });
    assert.equal(push.items[0]?.scalerFrom, "frame");
    assert.equal(push.items[0].unit, "V");
  });

  it("sends an event-notification with its attribute, plain and ciphered by service", async () => {
    for (const security of [undefined, { ...demoKeys, ciphering: "service" }] as const) {
      const push = await onePush(
        { list: "event", objects: [{ logicalName: "0.0.97.97.0.255" }], ...(security && { security }) },
        { keys: { ...keys, systemTitle: meterTitle } },
      );
      assert.equal(push.kind, "event");
      assert.equal(push.event?.logicalName, "0.0.97.97.0.255");
      assert.equal(push.event.value, 0);
      assert.equal(push.security === null, security === undefined);
    }
  });

  it("writes the date of the APDU in the form of the setup", async () => {
    const at = async (date: "length" | "tagged" | "none"): Promise<string> =>
      toHex(joinBytes(await pushed({ date, framing: "apdu" }))).slice(10, 14);
    assert.equal(await at("length"), "0c07");
    assert.equal(await at("tagged"), "090c");
    assert.equal(await at("none"), "0002");
    assert.equal((await onePush({ date: "none" })).time, null);
    assert.equal((await onePush({ date: "tagged" })).time, "2026-01-15T12:00:00+01:00");
  });

  it("sends a text telegram with exact decimals and a CRC", async () => {
    const telegram = new TextDecoder().decode(joinBytes(await pushed({ framing: "p1" })));
    assert.match(telegram, /^\/SIM5\\2SIMULATED\r\n\r\n0-0:1\.0\.0\(260115120000W\)\r\n/);
    assert.match(
      telegram,
      /\r\n1-0:1\.8\.0\(\d+\.\d{1,3}\*kWh\)\r\n1-0:32\.7\.0\(2\d\d(\.\d)?\*V\)\r\n![0-9A-F]{4}\r\n$/,
    );
    const push = await onePush({ framing: "p1" });
    assert.equal(push.kind, "text");
    assert.equal(push.meterId, "SIM00000001");
    assert.equal(push.time, "2026-01-15T12:00:00+01:00");
    assert.equal(push.items.find(({ logicalName }) => logicalName === "1.0.32.7.0.255")?.unit, "V");
  });

  const protections: Readonly<Record<string, PushProtection>> = {
    "suite 0, authenticated and encrypted": demoKeys,
    "suite 0, encrypted only": { policy: "encrypted", encryptionKey: demoKeys.encryptionKey },
    "suite 0, authenticated only": { policy: "authenticated", ...demoKeys },
    "suite 1": { suite: 1, ...demoKeys },
    "suite 1, broadcast key": { suite: 1, broadcast: true, ...demoKeys },
    "security control 21, encrypted only": { policy: "encrypted", securityControl: 0x21, ...demoKeys },
    "suite 2": {
      suite: 2,
      encryptionKey: new Uint8Array(32).fill(1),
      authenticationKey: new Uint8Array(32).fill(2),
    },
  };
  for (const [name, security] of Object.entries(protections)) {
    it(`ciphers with ${name}`, async () => {
      const { encryptionKey, authenticationKey } = security;
      const push = await onePush(
        { security },
        { keys: { encryptionKey, authenticationKey, broadcastKey: encryptionKey } },
      );
      assert.equal(push.systemTitle, toHex(meterTitle).toUpperCase());
      assert.equal(push.security?.verified, security.policy !== "encrypted");
      assert.equal(push.items.length, objects.length);
    });
  }

  it("leaves out the title in the message", async () => {
    const options = { keys: { ...keys, systemTitle: meterTitle } };
    const push = await onePush({ framing: "apdu", security: { ...demoKeys, withoutTitle: true } }, options);
    assert.equal(push.items.length, objects.length);
  });

  it("counts each ciphered push, so that none counts as a replay", async () => {
    const { pushes, problems } = decoded(joinBytes(await pushed({ security: demoKeys }, 3)));
    assert.deepEqual(problems, []);
    assert.equal(pushes.length, 3);
  });

  it("puts a telegram into a ciphered push", async () => {
    const push = await onePush({ framing: "p1", security: demoKeys });
    assert.equal(push.kind, "text");
    assert.equal(push.security?.verified, true);
    assert.equal(push.meterId, "SIM00000001");
  });

  for (const framing of ["wrapper", "hdlc", "mbus", "apdu"] as const) {
    it(`cuts a ciphered push into general blocks over ${framing}`, async () => {
      const push = await onePush({ framing, blockSize: 20, security: demoKeys });
      assert.equal(push.items.length, objects.length);
      assert.ok(push.link.frames > 5);
    });
  }

  for (const framing of ["hdlc", "mbus"] as const) {
    it(`cuts a push into segments of ${framing}`, async () => {
      const push = await onePush({ framing, segmentSize: 30 });
      assert.equal(push.items.length, objects.length);
      assert.ok(push.link.frames > 3);
    });
  }
});

describe("M-Bus frames of a push", () => {
  it("have the layout of Austrian meters: 68 L L 68, C, A, CI, STSAP, DTSAP, data, check sum, 16", async () => {
    const many = Array.from({ length: 12 }, () => objects[1] ?? { logicalName: "" });
    const bytes = joinBytes(await pushed({ framing: "mbus", objects: many, security: demoKeys }));
    const first = bytes.subarray(0, 256);
    assert.equal(toHex(first.subarray(0, 9)), "68fafa6853ff000167");
    assert.equal(toHex(first.subarray(9, 10)), "db");
    const second = bytes.subarray(256);
    const length = toHex(second.subarray(1, 2));
    assert.equal(toHex(second.subarray(0, 9)), `68${length}${length}6873ff110167`);
    for (const frame of [first, second]) {
      assert.equal(frame[1], frame.length - 6);
      const sum = frame.subarray(4, -2).reduce((total, byte) => (total + byte) & 0xff, 0);
      assert.deepEqual([...frame.subarray(-2)], [sum, 0x16]);
    }
  });
});

describe("faults of pushes", () => {
  for (const framing of ["hdlc", "mbus", "p1"] as const) {
    it(`badFcs: a push over ${framing} is lost, the next one is not`, async () => {
      const sent = await pushed({ framing }, 2, [badFcs({ times: 1 })]);
      assert.deepEqual(decoded(joinBytes(sent.slice(0, 1)), { framing }).pushes, []);
      assert.equal(decoded(joinBytes(sent), { framing }).pushes.length, 1);
    });
  }

  it("lostSegment: a push with a hole is dropped and named", async () => {
    for (const setup of [
      { framing: "hdlc", segmentSize: 30 },
      { framing: "mbus", segmentSize: 30 },
      { blockSize: 30 },
    ] as const) {
      const sent = await pushed(setup, 2, [lostSegment(1, { times: 1 })]);
      const { pushes, problems } = decoded(joinBytes(sent));
      assert.equal(pushes.length, 1);
      assert.ok(codes(problems).includes("DLMS_PUSH_INCOMPLETE"));
    }
  });

  it("repeatCounter and oldCounter: the second push is a replay", async () => {
    for (const fault of [repeatCounter({ from: 1 }), oldCounter(100, { from: 2 })]) {
      const sent = await pushed({ security: demoKeys }, 2, [fault]);
      const { pushes, problems } = decoded(joinBytes(sent));
      assert.equal(pushes.length, 1);
      assert.deepEqual(codes(problems), ["DLMS_SEC_REPLAY"]);
    }
  });

  it("wrongKey: the tag does not hold", async () => {
    const { pushes, problems } = decoded(joinBytes(await pushed({ security: demoKeys }, 1, [wrongKey()])));
    assert.deepEqual(pushes, []);
    assert.deepEqual(codes(problems), ["DLMS_SEC_TAG"]);
  });

  it("oddDate09: the date has a data tag", async () => {
    const bytes = joinBytes(await pushed({ framing: "apdu" }, 1, [oddDate09()]));
    assert.equal(toHex(bytes).slice(10, 14), "090c");
    assert.equal(decoded(bytes).pushes[0]?.time, "2026-01-15T12:00:00+01:00");
  });

  it("lModulo: the length field of an M-Bus frame is 01", async () => {
    const many = Array.from({ length: 30 }, () => objects[1] ?? { logicalName: "" });
    const bytes = joinBytes(await pushed({ framing: "mbus", objects: many }, 1, [lModulo()]));
    assert.equal(toHex(bytes.subarray(0, 4)), "68010168");
    assert.equal(new MbusFramer().push(bytes)[0]?.raw.length, 263);
    assert.equal(decoded(bytes).pushes[0]?.items.length, 30);
  });

  it("midFrameStart: the half push in front is passed over", async () => {
    for (const framing of ["hdlc", "mbus"] as const) {
      const sent = await pushed({ framing }, 2, [midFrameStart()]);
      assert.equal(decoded(joinBytes(sent)).pushes.length, 2);
    }
  });

  it("interleaved: the segments of two meters are kept apart", async () => {
    for (const framing of ["hdlc", "mbus"] as const) {
      const sent = await pushed({ framing, segmentSize: 30 }, 1, [interleaved()]);
      const { pushes } = decoded(joinBytes(sent));
      assert.equal(pushes.length, 2);
      assert.notEqual(pushes[0]?.link.source, pushes[1]?.link.source);
    }
  });
});
