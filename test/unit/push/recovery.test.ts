/** Cut units, nested ciphering, and bytes that only have the form of a push. */
import assert from "node:assert/strict";
import { decodePush, PushDecoder, type PushDecoderOptions, type PushFraming } from "../../../src/push";
import {
  dataNotification,
  double32,
  gak,
  generalGlo,
  guek,
  item,
  structure,
  text,
  wrapped,
} from "../../support/pushes";

const title = "4d4d4d00000d0001";
const keys = { encryptionKey: guek, authenticationKey: gak };
const plain = (value: number): Buffer => dataNotification(structure(item("1.0.1.8.0.255", double32(value), 0, 30)));
const glo = (value: number): Buffer => generalGlo(plain(value), { title, counter: value });
const telegram = (value: number): Buffer => Buffer.from(`/ISK5x\r\n\r\n1-0:1.8.0(${value}*Wh)\r\n!\r\n`);
/** Elgama: the content of a general-glo-ciphering after an identification. */
const elgama = (value: number): Buffer =>
  Buffer.concat([Buffer.from("/EGM5G35\r\n\r\n"), glo(value).subarray(1), Buffer.from("!")]);

interface Outcome {
  readonly values: readonly unknown[];
  readonly codes: readonly string[];
}

function outcome(bytes: Uint8Array, options: PushDecoderOptions, piece = bytes.length): Outcome {
  const codes: string[] = [];
  const decoder = new PushDecoder({ ...options, onProblem: ({ code }) => codes.push(code) });
  const pushes = [];
  for (let at = 0; at < bytes.length; at += piece) pushes.push(...decoder.add(bytes.subarray(at, at + piece), 0));
  return { values: pushes.map(({ values }) => values["1.0.1.8.0.255"]), codes };
}

describe("a push that is cut on an open stream", () => {
  const units: readonly (readonly [string, PushFraming, (value: number) => Buffer])[] = [
    ["a ciphered WPDU", "wrapper", (value) => wrapped(glo(value))],
    ["a plain WPDU", "wrapper", (value) => wrapped(plain(value))],
    ["a bare general-glo-ciphering", "apdu", glo],
    ["a telegram without a CRC", "p1", telegram],
    ["a ciphered telegram", "p1", elgama],
  ];
  for (const [name, framing, unit] of units) {
    it(`does not delay the next push: ${name}`, () => {
      const whole = unit(2);
      for (let length = 14; length < whole.length - 14; length++) {
        const stream = Buffer.concat([unit(1), whole.subarray(0, length), unit(3), unit(4)]);
        for (const piece of [stream.length, 7, 1]) {
          const { values, codes } = outcome(stream, { framing, keys }, piece);
          assert.deepEqual(values, [1, 3, 4], `${length} bytes, in pieces of ${piece}`);
          assert.ok(codes.length <= 1, `${length} bytes: ${codes.join()}`);
        }
      }
    });
  }

  it("is named", () => {
    const messages: string[] = [];
    const decoder = new PushDecoder({ framing: "wrapper", keys, onProblem: ({ message }) => messages.push(message) });
    decoder.add(Buffer.concat([wrapped(glo(1)).subarray(0, 40), wrapped(glo(2))]), 0);
    assert.match(messages.join(), /a wrapper PDU ends after 40 bytes, because another begins there/);
  });

  it("is not assumed where an APDU contains the head of a WPDU as data", () => {
    const inner = wrapped(plain(7)).toString("hex");
    const outer = dataNotification(
      structure(
        item("1.0.1.8.0.255", double32(5), 0, 30),
        `09${(inner.length / 2).toString(16).padStart(2, "0")}${inner}`,
      ),
    );
    assert.deepEqual(outcome(wrapped(outer), { framing: "wrapper" }), { values: [5], codes: [] });
  });
});

describe("a ciphered push inside a ciphered push", () => {
  const nested = (layers: number): Buffer => {
    let apdu: Buffer = plain(9);
    for (let i = 0; i < layers; i++) apdu = generalGlo(apdu, { title, counter: i + 1 });
    return apdu;
  };

  it("is opened", () => {
    // the outer counter is higher, because the meter ciphers the inner APDU first
    const { pushes, problems } = decodePush(wrapped(nested(2)), { keys });
    assert.deepEqual(problems, []);
    assert.equal(pushes[0]?.values["1.0.1.8.0.255"], 9);
    assert.equal(pushes[0].security?.verified, true);
  });

  it("has the protection of the outer one if the inner one has no tag", () => {
    const bare = generalGlo(plain(9), { title, counter: 1, control: 0x20 });
    const { pushes, problems } = decodePush(wrapped(generalGlo(bare, { title, counter: 2 })), { keys });
    assert.deepEqual(problems, []);
    assert.deepEqual([pushes[0]?.security?.control, pushes[0]?.security?.verified], ["30", true]);
    assert.deepEqual(pushes[0]?.notes, []);
  });

  it("is a repetition if the outer one is", () => {
    const bytes = wrapped(nested(2));
    assert.deepEqual(outcome(Buffer.concat([bytes, bytes]), { framing: "wrapper", keys }), { values: [9], codes: [] });
  });

  it("is refused beyond four layers", () => {
    assert.deepEqual(outcome(wrapped(nested(6)), { keys }), {
      values: [],
      codes: ["DLMS_PUSH_LIMIT"],
    });
  });
});

describe("bytes of an unknown framing", () => {
  const noPush = ["DLMS_PUSH_NO_UNIT"];
  const crafted: Readonly<Record<string, Buffer>> = {
    "a data-notification without a body": dataNotification("00"),
    "a data-notification with a single number": dataNotification(double32(1)),
    "an empty structure": dataNotification("0200"),
    "a time that does not exist": dataNotification(structure(text("a")), 1, "07ea0d15010a0000ff800000"),
    "an hour that does not exist": dataNotification(structure(text("a")), 1, "07ea061501630000ff800000"),
    "an information-report without variables": Buffer.from("18000000", "hex"),
    "an event of attribute 0": Buffer.from("c2000003010001080000000600000001", "hex"),
  };
  for (const [name, bytes] of Object.entries(crafted)) {
    it(`do not become a push by their form alone: ${name}`, () => {
      const { pushes, problems } = decodePush(bytes);
      assert.deepEqual(pushes, []);
      assert.deepEqual(
        problems.map(({ code }) => code),
        noPush,
      );
    });
  }

  it("are an APDU without a frame if they have values and a time that exists", () => {
    const apdu = dataNotification(structure(item("1.0.1.8.0.255", double32(3), 0, 30)), 1, "07ea0615010a0000ff800000");
    assert.deepEqual(outcome(apdu, {}), { values: [3], codes: [] });
  });
});

describe("APDUs without a frame", () => {
  const notes = Array.from({ length: 3 }, () => text("0123456789".repeat(12)));
  const long = dataNotification(structure(item("1.0.1.8.0.255", double32(8), 0, 30), ...notes));

  for (const [name, finish] of [
    ["the next tick", (decoder: PushDecoder) => decoder.tick(1000)],
    ["the end of the stream", (decoder: PushDecoder) => decoder.end()],
  ] as const) {
    it(`of many bytes that arrive one by one are delivered by ${name} at the latest`, () => {
      const decoder = new PushDecoder({ framing: "apdu" });
      const pushes = [...long].flatMap((byte) => decoder.add(Uint8Array.of(byte), 0));
      pushes.push(...finish(decoder));
      assert.deepEqual(
        pushes.map(({ values }) => values["1.0.1.8.0.255"]),
        [8],
      );
    });
  }

  it("begin again after noise and a silence, without a known head", () => {
    const decoder = new PushDecoder({ framing: "apdu" });
    const values = (bytes: Uint8Array, now: number): unknown[] =>
      decoder.add(bytes, now).map((push) => push.values["1.0.1.8.0.255"]);
    assert.deepEqual(values(plain(1), 0), [1]);
    assert.deepEqual(values(Buffer.from("ffeeff", "hex"), 100), []);
    assert.deepEqual(values(plain(2), 200), [], "noise may contain the same form");
    assert.deepEqual(values(plain(3), 5200), [3]);
  });
});
