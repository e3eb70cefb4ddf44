/** Invocation counters of pushes: repetitions, old pushes, gaps, the end of the counter, and a fleet's record. */
import assert from "node:assert/strict";
import { type CounterPolicy, PushDecoder, type PushDecoderOptions, pushCounterStore } from "../../../src/push";
import {
  dataNotification,
  double32,
  gak,
  gbek,
  generalGlo,
  guek,
  item,
  structure,
  title,
  wrapped,
} from "../../support/pushes";

const keys = { encryptionKey: guek, authenticationKey: gak, broadcastKey: gbek };
const energy = (value: number): Buffer => dataNotification(structure(item("1.0.1.8.0.255", double32(value), 0, 30)));
const push = (counter: number, options: Parameters<typeof generalGlo>[1] = {}, value = 1): Buffer =>
  wrapped(generalGlo(energy(value), { counter, ...options }));

class Receiver {
  readonly problems: string[] = [];
  readonly decoder: PushDecoder;

  constructor(options: PushDecoderOptions = {}) {
    const onProblem = ({ code }: { readonly code: string }): unknown => this.problems.push(code);
    this.decoder = new PushDecoder({ keys, framing: "wrapper", ...options, onProblem });
  }

  /** Counters of the pushes that are given out. */
  take(bytes: Uint8Array, now?: number): (number | undefined)[] {
    return this.decoder.add(bytes, now).map(({ security }) => security?.invocationCounter);
  }
}

describe("counters of pushes", () => {
  it("delivers the same push once within 30 s, and counts it", () => {
    const receiver = new Receiver();
    assert.deepEqual(receiver.take(push(7), 0), [7]);
    assert.deepEqual(receiver.take(push(7), 30_000), []);
    assert.deepEqual(receiver.problems, []);
    assert.equal(receiver.decoder.facts.repeated, 1);
  });

  it("refuses the same push after 30 s, an older counter, and the same counter with other bytes", () => {
    const receiver = new Receiver();
    receiver.take(push(7), 0);
    for (const [bytes, now] of [
      [push(7), 30_001],
      [push(6), 1000],
      [push(7, {}, 2), 1000],
    ] as const) {
      assert.deepEqual(receiver.take(bytes, now), []);
    }
    assert.deepEqual(receiver.problems, ["DLMS_SEC_REPLAY", "DLMS_SEC_REPLAY", "DLMS_SEC_REPLAY"]);
  });

  it("notes counters that were passed over", () => {
    const decoder = new PushDecoder({ keys, framing: "wrapper" });
    decoder.add(push(1));
    const [next] = decoder.add(push(5));
    assert.equal(next?.security?.gap, 3);
    assert.deepEqual(next.notes, ["3 invocation counters were skipped since the last push"]);
  });

  it("delivers the push with the last counter with a note, and refuses later pushes as exhausted", () => {
    const receiver = new Receiver();
    const [last] = receiver.decoder.add(push(0xffffffff));
    assert.match(last?.notes.join() ?? "", /used up: the meter needs new keys/);
    assert.deepEqual(receiver.take(push(0)), []);
    assert.deepEqual(receiver.problems, ["DLMS_SEC_COUNTER_EXHAUSTED"]);
  });

  it("moves no counter for a push with a wrong tag", () => {
    const receiver = new Receiver();
    const forged = push(1000);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    assert.deepEqual(receiver.take(forged), []);
    assert.deepEqual(receiver.take(push(1)), [1]);
    assert.deepEqual(receiver.problems, ["DLMS_SEC_TAG"]);
  });

  it("neither checks nor moves anything for pushes that are only encrypted", () => {
    const receiver = new Receiver();
    assert.deepEqual(receiver.take(push(9, { control: 0x20 })), [9]);
    assert.deepEqual(receiver.take(push(9, { control: 0x20 })), [9]);
    assert.deepEqual(receiver.take(push(1)), [1]);
  });

  it("counts unicast and broadcast keys, and each meter, on their own", () => {
    const receiver = new Receiver();
    assert.deepEqual(receiver.take(push(9)), [9]);
    assert.deepEqual(receiver.take(push(3, { control: 0x70, key: gbek })), [3]);
    assert.deepEqual(receiver.take(push(3, { title: "4d4d4d0000000001" })), [3]);
    assert.deepEqual(receiver.problems, []);
  });

  it("starts again if the key of a meter is exchanged", () => {
    let own = { encryptionKey: guek, authenticationKey: gak };
    const receiver = new Receiver({ keys: () => own });
    receiver.take(push(500));
    own = { encryptionKey: gbek, authenticationKey: gak };
    assert.deepEqual(receiver.take(push(1, { key: gbek })), [1]);
  });

  it("recognizes a repetition even if the keys are new objects each time", () => {
    const receiver = new Receiver({ keys: () => ({ ...keys }) });
    receiver.take(push(7), 0);
    assert.deepEqual(receiver.take(push(7), 1), []);
    assert.deepEqual(receiver.problems, []);
  });

  const policies: readonly (readonly [CounterPolicy, readonly number[], number])[] = [
    ["strict", [5, 6], 1],
    ["warn", [5, 4, 6], 0],
    ["off", [5, 4, 6], 0],
  ];
  for (const [counters, given, refused] of policies) {
    it(`delivers an old push only if the policy allows it: ${counters}`, () => {
      const receiver = new Receiver({ counters });
      assert.deepEqual(receiver.take(Buffer.concat([push(5), push(4), push(6)])), given);
      assert.equal(receiver.problems.length, refused);
    });
  }
});

describe("a push without a tag, of a meter whose authentication key is known", () => {
  /** An authenticated push changed by an attacker: without its tag, with one bit of the energy flipped. */
  function changed(): Buffer {
    const bare = generalGlo(energy(1), { counter: 7, control: 0x20 });
    const lastByteOfEnergy = bare.length - 7;
    bare[lastByteOfEnergy] = (bare[lastByteOfEnergy] ?? 0) ^ 0x40;
    return wrapped(bare);
  }
  const noTag = /^the push has no authentication tag: nothing proves that its values were not changed/;

  it("is delivered with a note if the meter never sent a tag", () => {
    const [bare] = new PushDecoder({ keys, framing: "wrapper" }).add(changed());
    assert.deepEqual(bare?.values, { "1.0.1.8.0.255": 65 });
    assert.equal(bare.security?.verified, false);
    assert.match(bare.notes.join(), noTag);
  });

  it("is refused once a tag of the meter was verified", () => {
    const receiver = new Receiver();
    assert.deepEqual(receiver.take(push(7)), [7]);
    assert.deepEqual(receiver.take(changed()), []);
    assert.deepEqual(receiver.take(push(8)), [8]);
    assert.deepEqual(receiver.problems, ["DLMS_SEC_POLICY"]);
  });

  it("is refused after a restart too, if the counters are kept", () => {
    const before = pushCounterStore();
    new Receiver({ receivedCounters: before }).take(push(7));
    const receiver = new Receiver({ receivedCounters: pushCounterStore({ record: before.record() }) });
    assert.deepEqual(receiver.take(changed()), []);
    assert.deepEqual(receiver.problems, ["DLMS_SEC_POLICY"]);
  });

  it("is delivered with a note if unverified pushes are accepted", () => {
    const decoder = new PushDecoder({ keys, framing: "wrapper", withoutAuthenticationKey: "mark" });
    decoder.add(push(7));
    const [bare] = decoder.add(changed());
    assert.match(bare?.notes.join() ?? "", /no authentication tag, unlike earlier pushes of this meter/);
  });

  it("does not make other meters suspect, and is not noted if no authentication key is known", () => {
    const receiver = new Receiver();
    receiver.take(push(7, { title: "4d4d4d0000000001" }));
    assert.deepEqual(receiver.take(changed()), [7]);
    const [bare] = new PushDecoder({ keys: { encryptionKey: guek }, framing: "wrapper" }).add(changed());
    assert.deepEqual(bare?.notes, []);
  });
});

describe("pushCounterStore", () => {
  it("rejects a push from before its record, also after a restart", () => {
    const store = pushCounterStore();
    new Receiver({ receivedCounters: store }).take(push(7));
    const receiver = new Receiver({ receivedCounters: pushCounterStore({ record: store.record() }) });
    assert.deepEqual(receiver.take(push(7)), []);
    assert.deepEqual(receiver.take(push(8)), [8]);
    assert.deepEqual(receiver.problems, ["DLMS_SEC_REPLAY"]);
  });

  it("reports when there is something to write, and writes no key", () => {
    const store = pushCounterStore();
    const receiver = new Receiver({ receivedCounters: store });
    receiver.take(push(7));
    const { changes } = store;
    receiver.take(push(7));
    assert.equal(store.changes, changes);
    receiver.take(push(8));
    assert.equal(store.changes, changes + 1);
    assert.ok(store.record().includes(title));
    assert.ok(!store.record().includes(guek.toString("hex")));
  });

  it("keeps the counters of 20,000 meters, and refuses the first that does not fit", () => {
    const store = pushCounterStore({ limit: 20_000 });
    const nameOf = (n: number): Buffer => Buffer.from(n.toString(16).padStart(16, "0"), "hex");
    for (let n = 0; n < 20_000; n++) store.of(guek, nameOf(n)).accept(n + 1);
    const receiver = new Receiver({ receivedCounters: store });
    assert.deepEqual(receiver.take(push(1, { title: nameOf(20_000).toString("hex") })), []);
    assert.deepEqual(receiver.take(push(1, { title: nameOf(0).toString("hex") })), []);
    assert.deepEqual(receiver.take(push(2, { title: nameOf(0).toString("hex") })), [2]);
    assert.deepEqual(receiver.problems, ["DLMS_PUSH_LIMIT", "DLMS_SEC_REPLAY"]);
    assert.equal(pushCounterStore({ record: store.record() }).size, 20_000);
  });

  it("refuses a damaged record", () => {
    const store = pushCounterStore();
    store.of(guek, Buffer.from(title, "hex")).accept(7);
    const damaged = store.record().replace(":7", ":1");
    assert.throws(() => pushCounterStore({ record: damaged }), { code: "DLMS_CONFIG_INVALID" });
  });
});
