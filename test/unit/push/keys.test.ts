/** Keys that open a push, and keys that are refused. */
import assert from "node:assert/strict";
import { decodePush, type PushKeys, type PushDecoderOptions } from "../../../src/push";
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

const energy = dataNotification(structure(item("1.0.1.8.0.255", double32(1005), -3, 30)));
const otherKey = Buffer.from("101112131415161718191a1b1c1d1e1f", "hex");
const own: PushKeys = { encryptionKey: guek, authenticationKey: gak };
const foreign: PushKeys = { encryptionKey: otherKey, authenticationKey: gak };

function outcome(push: Uint8Array, options: PushDecoderOptions): string {
  const { pushes, problems } = decodePush(wrapped(push), options);
  return pushes[0] === undefined ? (problems[0]?.code ?? "nothing") : `opened ${String(pushes[0].security?.verified)}`;
}

describe("keys of a push", () => {
  const push = generalGlo(energy);

  it("are those of its system title, else of its peer, else of the only meter", () => {
    const cases: readonly (readonly [readonly PushKeys[], string | undefined, string])[] = [
      [
        [
          { ...foreign, systemTitle: "4d4d4d0000000001" },
          { ...own, systemTitle: title },
        ],
        undefined,
        "opened true",
      ],
      [
        [
          { ...foreign, peer: "192.0.2.2" },
          { ...own, peer: "192.0.2.1" },
        ],
        "192.0.2.1",
        "opened true",
      ],
      [[{ ...foreign, peer: "192.0.2.2" }, own], "192.0.2.1", "opened true"],
      [[{ ...own, systemTitle: "4d4d4d0000000001" }], undefined, "DLMS_PUSH_NO_KEY"],
      [[foreign, own], undefined, "DLMS_PUSH_NO_KEY"],
      [[], undefined, "DLMS_PUSH_NO_KEY"],
    ];
    for (const [keys, peer, wanted] of cases) {
      assert.equal(outcome(push, { keys, ...(peer !== undefined && { peer }) }), wanted);
    }
  });

  it("may be supplied by a function, one set or several", () => {
    assert.equal(outcome(push, { keys: () => own }), "opened true");
    assert.equal(outcome(push, { keys: () => [{ ...own, systemTitle: title }, foreign] }), "opened true");
    assert.equal(outcome(push, { keys: () => undefined }), "DLMS_PUSH_NO_KEY");
  });

  it("lead to a note if their meter sends a push without ciphering", () => {
    const note = ["the push is not ciphered, although keys are known for its sender: nothing proves who sent it"];
    const notesOf = (bytes: Uint8Array, options: PushDecoderOptions): unknown =>
      decodePush(bytes, options).pushes[0]?.notes;
    const plain = wrapped(energy);
    assert.deepEqual(notesOf(plain, { keys: own }), note);
    assert.deepEqual(notesOf(plain, {}), []);
    const telegram = Buffer.from("/KFM5\r\n\r\n1-0:1.8.0(000006.695*kWh)\r\n!\r\n");
    assert.deepEqual(notesOf(telegram, { keys: own, framing: "p1" }), ["the telegram has no CRC", ...note]);
    assert.deepEqual(notesOf(plain, { keys: () => undefined }), []);
    const ofPeer = { ...own, peer: "192.0.2.1" };
    assert.deepEqual(notesOf(plain, { keys: [ofPeer, foreign, foreign], peer: "192.0.2.1" }), note);
    assert.deepEqual(notesOf(plain, { keys: [ofPeer, foreign, foreign], peer: "192.0.2.2" }), []);
  });

  it("are refused if they are not bytes, without their text in the message", () => {
    assert.throws(
      () => decodePush(push, { keys: { encryptionKey: "secret-key" } }),
      (error: Error) =>
        error.message.startsWith("keys.encryptionKey: expected bytes") && !error.message.includes("secret"),
    );
  });

  it("the broadcast key is needed for a broadcast push, and the unicast key is not tried", () => {
    const broadcast = generalGlo(energy, { control: 0x70, key: gbek });
    assert.equal(outcome(broadcast, { keys: own }), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(generalGlo(energy, { control: 0x70 }), { keys: own }), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(broadcast, { keys: { ...own, broadcastKey: gbek } }), "opened true");
  });

  it("without the authentication key the push is refused, or marked where that is set", () => {
    const keys = { encryptionKey: guek };
    assert.equal(outcome(push, { keys }), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(push, { keys, withoutAuthenticationKey: "mark" }), "opened false");
  });

  it("a wrong key and a wrong authentication key are SEC_TAG", () => {
    assert.equal(outcome(push, { keys: foreign }), "DLMS_SEC_TAG");
    assert.equal(outcome(push, { keys: { ...own, authenticationKey: otherKey } }), "DLMS_SEC_TAG");
    assert.equal(outcome(generalGlo(energy, { control: 0x20 }), { keys: foreign }), "DLMS_SEC_TAG");
  });
});

describe("a push without a known key", () => {
  const bytes = wrapped(generalGlo(energy, { title: "4d4d4d00000e0001", counter: 7 }));

  it("is returned as it was received, if configured", () => {
    const { pushes, problems } = decodePush(bytes, { withoutKey: "raw" });
    assert.deepEqual(problems, []);
    const [push, ...others] = pushes;
    assert.deepEqual(others, []);
    assert.equal(push?.kind, "raw");
    assert.equal(push.raw, bytes.subarray(8).toString("hex"));
    assert.equal(push.systemTitle, "4D4D4D00000E0001");
    assert.deepEqual([push.values, push.items], [{}, []]);
    assert.deepEqual([push.security?.control, push.security?.invocationCounter], ["30", 7]);
    assert.equal(push.security?.verified, false);
    assert.match(push.notes[0] ?? "", /^no key for system title 4d4d4d00000e0001/);
  });

  it("is returned as it was received while a function says so", () => {
    const answers = ["refuse", "raw"] as const;
    let asked = 0;
    const { pushes, problems } = decodePush(Buffer.concat([bytes, bytes]), {
      withoutKey: () => answers[asked++] ?? "refuse",
    });
    assert.deepEqual(
      [pushes.map(({ kind }) => kind), problems.map(({ code }) => code)],
      [["raw"], ["DLMS_PUSH_NO_KEY"]],
    );
  });

  it("is refused by default, and with a wrong key in any case", () => {
    assert.equal(outcome(generalGlo(energy), {}), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(generalGlo(energy), { withoutKey: "raw", keys: foreign }), "DLMS_SEC_TAG");
    assert.throws(() => decodePush(bytes, { withoutKey: "keep" as "raw" }), /withoutKey: expected one of refuse, raw/);
  });
});

describe("trying keys that name no system title", () => {
  const ring = [foreign, { encryptionKey: otherKey }, own];
  const push = generalGlo(energy);

  it("happens only on request", () => {
    assert.equal(outcome(push, { keys: ring }), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(push, { keys: ring, tryKeys: true }), "opened true");
  });

  it("is reported in the notes", () => {
    const [first] = decodePush(wrapped(push), { keys: ring, tryKeys: true }).pushes;
    assert.match(first?.notes[0] ?? "", /were found by trying \(its tag is right\)/);
  });

  it("accepts the first readable APDU of a push without a tag, and does not mark it verified", () => {
    assert.equal(outcome(generalGlo(energy, { control: 0x20 }), { keys: ring, tryKeys: true }), "opened false");
  });

  it("never tries keys of another system title, nor more than 16", () => {
    const titled = [{ ...own, systemTitle: "4d4d4d0000000001" }, foreign, foreign];
    assert.equal(outcome(push, { keys: titled, tryKeys: true }), "DLMS_PUSH_NO_KEY");
    const many = [...Array.from({ length: 16 }, () => ({ ...foreign })), own];
    assert.equal(outcome(push, { keys: many, tryKeys: true }), "DLMS_PUSH_NO_KEY");
    assert.equal(outcome(push, { keys: many.slice(1), tryKeys: true }), "opened true");
  });

  it("leaves an old counter an old counter", () => {
    const bytes = Buffer.concat([5, 4].map((counter) => wrapped(generalGlo(energy, { counter }))));
    const { pushes, problems } = decodePush(bytes, { keys: ring, tryKeys: true });
    assert.deepEqual([pushes.length, problems[0]?.code], [1, "DLMS_SEC_REPLAY"]);
  });
});
