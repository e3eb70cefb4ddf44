/** Every shared push vector: values, units, times; in all pieces, with noise, truncated; the negatives by their codes. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fromHex, toHex } from "../../src/bytes";
import { decodePush, type Push, PushDecoder, type PushDecoderOptions, type PushKeys } from "../../src/push";

interface Expected {
  readonly time?: string | null;
  readonly valuesScaled?: Readonly<Record<string, unknown>>;
  readonly units?: Readonly<Record<string, string>>;
  readonly unnamed?: readonly unknown[];
  readonly meterId?: string;
  readonly listId?: string;
  readonly clock?: string;
  readonly systemTitle?: string;
  readonly securityControl?: string;
  readonly invocationCounter?: number;
  readonly hdlc?: { readonly dest: string; readonly src: string };
  readonly wrapper?: { readonly sourcePort: number; readonly destinationPort: number };
  readonly event?: { readonly classId: number; readonly obis: string; readonly attribute: number };
  readonly refused?: string;
  readonly pushes?: readonly Expected[];
}
interface Vector {
  readonly id: string;
  readonly layer: string;
  readonly hex: string;
  readonly negative: boolean;
  readonly keys?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

const file = resolve(__dirname, "../../../shared/vectors/push.json");
const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Vector[]) : [];

/** What the negatives are refused with; the good pushes among them come nevertheless. */
const refusals: Readonly<Record<string, readonly string[]>> = {
  "syn-compression-refused": ["DLMS_CONFIG_UNSUPPORTED"],
  "syn-gbt-lost-block": ["DLMS_PUSH_INCOMPLETE"],
  "syn-gbt-restart": ["DLMS_PUSH_INCOMPLETE"],
  "syn-hdlc-segment-lost": ["DLMS_PUSH_INCOMPLETE"],
  "syn-one-parity-bit-stream": ["DLMS_PUSH_NO_UNIT"],
  "syn-replay-sequence": ["DLMS_SEC_REPLAY"],
  "syn-counter-at-its-end": ["DLMS_SEC_COUNTER_EXHAUSTED"],
  "syn-wrong-key": ["DLMS_SEC_TAG"],
  "syn-wrong-ak": ["DLMS_SEC_TAG"],
  "syn-wrong-key-sc20": ["DLMS_SEC_TAG"],
  "syn-mbus-segment-lost": ["DLMS_PUSH_INCOMPLETE"],
  "syn-wrapper-length-lie": ["DLMS_PUSH_NO_UNIT"],
  "syn-wrapper-garbage-first": ["DLMS_PUSH_NO_UNIT"],
};
/**
 * Values that the vector names by words, because they have no OBIS code: their places in KELAG's push, and their
 * meaning.
 */
const words: Readonly<Record<string, readonly [number, unknown]>> = {
  "push-setup": [0, "0006190900ff"],
  time: [2, "12:00:05"],
  date: [3, "2026-09-30"],
  text: [10, ""],
  code: [11, ""],
};

function keysOf({ keys }: Vector): PushKeys | undefined {
  if (keys === undefined) return undefined;
  return {
    encryptionKey: keys["ek"],
    authenticationKey: keys["ak"],
    broadcastKey: keys["broadcastKey"],
    dedicatedKey: keys["dedicatedKey"],
    systemTitle: keys["systemTitle"],
  };
}

function optionsOf(vector: Vector): PushDecoderOptions {
  const keys = keysOf(vector);
  return keys === undefined ? {} : { keys };
}

const wantedOf = ({ expected }: Vector): readonly Expected[] =>
  (expected.pushes ?? [expected]).filter((each) => each.refused === undefined);

function check(push: Push, expected: Expected): void {
  for (const [name, value] of Object.entries(expected.valuesScaled ?? {})) {
    const word = words[name];
    if (word === undefined) assert.deepEqual(push.values[name], value, name);
    else assert.deepEqual(push.items[word[0]]?.value, word[1], name);
  }
  for (const [name, unit] of Object.entries(expected.units ?? {})) {
    assert.equal(push.items.find(({ logicalName }) => logicalName === name)?.unit, unit, name);
  }
  if (expected.time !== undefined) assert.equal(push.time, expected.time);
  if (expected.meterId !== undefined) assert.equal(push.meterId, expected.meterId);
  if (expected.clock !== undefined) assert.equal(push.clock, expected.clock);
  if (expected.listId !== undefined) assert.equal(push.listId, expected.listId);
  if (expected.unnamed !== undefined) {
    const unnamed = push.items.filter(({ logicalName }) => logicalName === null).map(({ value }) => value);
    assert.deepEqual(unnamed, expected.unnamed);
  }
  if (expected.hdlc) assert.deepEqual([push.link.destination, push.link.source], [expected.hdlc.dest, expected.hdlc.src]);
  if (expected.wrapper) assert.equal(push.link.source, String(expected.wrapper.sourcePort));
  if (expected.securityControl !== undefined) assert.equal(push.security?.control, expected.securityControl);
  if (expected.invocationCounter !== undefined) {
    assert.equal(push.security?.invocationCounter, expected.invocationCounter);
  }
  if (expected.event !== undefined) {
    const { classId, obis, attribute } = expected.event;
    assert.deepEqual([push.event?.classId, push.event?.logicalName, push.event?.attributeId], [classId, obis, attribute]);
  }
}

const summary = (pushes: readonly Push[]): unknown =>
  pushes.map(({ kind, values, time, systemTitle, security }) => ({ kind, values, time, systemTitle, security }));

function piecewise(vector: Vector, pieces: Iterable<Uint8Array>, options = optionsOf(vector)): Push[] {
  const decoder = new PushDecoder(options);
  const pushes: Push[] = [];
  for (const piece of pieces) pushes.push(...decoder.add(piece));
  return [...pushes, ...decoder.end()];
}

function* randomPieces(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  let state = seed;
  for (let at = 0; at < bytes.length; ) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    const length = 1 + (state % 90);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe("shared push vectors", () => {
  it("are beside this repository, or are left out", () => {
    assert.ok(vectors.length === 0 || vectors.length >= 65);
  });

  for (const vector of vectors) {
    const bytes = fromHex(vector.hex);
    const isStream = vector.layer !== "mqtt";

    describe(vector.id, () => {
      const { pushes, problems } = decodePush(bytes, optionsOf(vector));

      it("gives each push with its values, units, times and security", () => {
        const wanted = vector.id === "syn-replay-sequence" || vector.id === "syn-counter-at-its-end" ? undefined : wantedOf(vector);
        if (wanted === undefined) {
          const counters = pushes.map(({ security }) => security?.invocationCounter);
          const all = vector.id === "syn-replay-sequence" ? [1000, 1001, 1002, 1050] : [0xfffffffe, 0xffffffff];
          assert.deepEqual(counters, all);
          return;
        }
        assert.equal(pushes.length, wanted.length, problems.map(String).join("\n"));
        wanted.forEach((expected, i) => {
          const push = pushes[i];
          assert.ok(push !== undefined);
          check(push, expected);
        });
        for (const push of pushes) assert.doesNotThrow(() => JSON.stringify(push));
      });

      it("names what it refuses by the right code", () => {
        const known = refusals[vector.id];
        const codes = [...new Set(problems.map(({ code }) => code))];
        assert.deepEqual(codes, known ?? []);
      });

      if (isStream) {
        it("gives the same byte by byte and in random pieces", () => {
          const whole = summary(piecewise(vector, [bytes]));
          assert.deepEqual(whole, summary(pushes));
          assert.deepEqual(summary(piecewise(vector, Array.from(bytes, (byte) => Uint8Array.of(byte)))), whole);
          for (const seed of [1, 7, 42]) {
            assert.deepEqual(summary(piecewise(vector, randomPieces(bytes, seed))), whole);
          }
        });
      }

      it("gives no push that is not whole when it is truncated at any byte", () => {
        const all = summary(pushes) as readonly unknown[];
        const step = bytes.length > 700 ? 3 : 1;
        for (let length = 0; length < bytes.length; length += step) {
          const cut = decodePush(bytes.subarray(0, length), optionsOf(vector));
          const got = summary(cut.pushes) as readonly unknown[];
          assert.deepEqual(got, all.slice(0, got.length), `cut at ${length} of ${toHex(bytes).length / 2}`);
        }
      });
    });
  }
});
