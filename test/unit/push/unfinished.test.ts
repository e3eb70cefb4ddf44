/** Messages that come in pieces: interleaved, lost, too old; object lists that are remembered. */
import assert from "node:assert/strict";
import { PushDecoder, type PushDecoderOptions } from "../../../src/push";
import {
  dataNotification,
  double32,
  generalGlo,
  guek,
  hdlc,
  hdlcFrames,
  item,
  mbus,
  structure,
  text,
  word16,
  wrapped,
} from "../../support/pushes";

const energy = (value: number): Buffer =>
  dataNotification(structure(item("1.0.1.8.0.255", double32(value), 0, 30), text("x".repeat(60))));

class Receiver {
  readonly problems: { readonly code: string; readonly message: string }[] = [];
  readonly decoder: PushDecoder;

  constructor(options: PushDecoderOptions = {}) {
    this.decoder = new PushDecoder({ ...options, onProblem: (problem) => this.problems.push(problem) });
  }

  take(bytes: Uint8Array, now?: number): unknown[] {
    return this.decoder.add(bytes, now).map(({ values }) => values["1.0.1.8.0.255"]);
  }
}

describe("unfinished pushes", () => {
  it("of two meters in HDLC segments are put together each for itself", () => {
    const receiver = new Receiver();
    const first = hdlcFrames(energy(1), 30, "03");
    const second = hdlcFrames(energy(2), 30, "05");
    const given = first.flatMap((frame, i) => [
      ...receiver.take(frame),
      ...receiver.take(second[i] ?? Buffer.alloc(0)),
    ]);
    assert.deepEqual(given, [1, 2]);
  });

  for (const [framing, frames] of [
    ["hdlc", hdlcFrames(energy(1), 40)],
    ["mbus", [mbus(energy(1), 40)]],
  ] as const) {
    it(`are dropped after 30 s and named: ${framing}`, () => {
      const receiver = new Receiver({ framing });
      const bytes = Buffer.concat(frames);
      const start = bytes.subarray(0, Math.floor(bytes.length * 0.7));
      receiver.take(start, 0);
      receiver.decoder.tick(30_000);
      assert.equal(receiver.problems.length, 0);
      receiver.decoder.tick(31_000);
      assert.deepEqual(
        receiver.problems.map(({ code }) => code),
        ["DLMS_PUSH_INCOMPLETE"],
      );
      assert.match(receiver.problems[0]?.message ?? "", /^incomplete push from .*: it was not complete after 30 s/);
      assert.deepEqual(receiver.take(bytes, 32_000), [1]);
    });
  }

  it("are replaced by the next message of the same meter", () => {
    const receiver = new Receiver();
    const [first = Buffer.alloc(0)] = hdlcFrames(energy(1), 40);
    assert.deepEqual(receiver.take(Buffer.concat([first, hdlc(energy(2), 40)])), [2]);
    assert.match(receiver.problems[0]?.message ?? "", /the next message began; 1 segments/);
  });

  it("are named when the stream ends, and the next stream begins afresh", () => {
    const receiver = new Receiver();
    const [first = Buffer.alloc(0)] = hdlcFrames(energy(1), 40);
    receiver.take(Buffer.concat([hdlc(energy(1)), first]));
    receiver.decoder.end();
    assert.match(receiver.problems[0]?.message ?? "", /the stream ended/);
    assert.deepEqual(receiver.take(wrapped(energy(3))), [3]);
  });

  it("of a wrong wrapper header are dropped after 30 s, and later pushes are delivered", () => {
    const receiver = new Receiver({ framing: "wrapper" });
    receiver.take(Buffer.from("00010001006600ff0f000000010002", "hex"), 0);
    receiver.decoder.tick(31_000);
    assert.deepEqual(receiver.take(wrapped(energy(4)), 31_001), [4]);
  });

  it("ciphered, of a meter whose keys are not known, do not stop those of another", () => {
    const receiver = new Receiver({
      keys: { encryptionKey: guek, systemTitle: "4d4d4d0000bc614e" },
      withoutAuthenticationKey: "mark",
    });
    const bytes = Buffer.concat([
      wrapped(generalGlo(energy(1), { title: "4d4d4d0000000001" })),
      wrapped(generalGlo(energy(2))),
    ]);
    assert.deepEqual(receiver.take(bytes), [2]);
    assert.equal(receiver.problems[0]?.code, "DLMS_PUSH_NO_KEY");
  });
});

describe("object lists that a meter pushed", () => {
  /** {class, obis, attribute, data index} */
  const entry = (groups: string): string => structure(word16(3), `0906${groups}`, "0f02", word16(0));
  const withList = dataNotification(
    structure(`0102${entry("0100010800ff")}${entry("0100010700ff")}`, double32(1), double32(2)),
  );
  const values = (first: number): Buffer => dataNotification(structure(double32(first), double32(4)));
  const names = (options: PushDecoderOptions): (string | null)[] => {
    const decoder = new PushDecoder({ framing: "wrapper", ...options });
    decoder.add(wrapped(withList));
    const [push] = decoder.add(wrapped(values(3)));
    return push?.items.map(({ logicalName }) => logicalName) ?? [];
  };

  it("name its later pushes only if configured", () => {
    assert.deepEqual(names({}), [null, null]);
    assert.deepEqual(names({ rememberObjects: true }), ["1.0.1.8.0.255", "1.0.1.7.0.255"]);
  });

  it("do not name the pushes of another address", () => {
    const decoder = new PushDecoder({ framing: "wrapper", rememberObjects: true });
    decoder.add(wrapped(withList, 1));
    const [push] = decoder.add(wrapped(values(3), 2));
    assert.deepEqual(
      push?.items.map(({ logicalName }) => logicalName),
      [null, null],
    );
  });
});
