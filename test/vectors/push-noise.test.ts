/** Every shared push vector within noise, and authenticated pushes with any bit turned. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fromHex } from "../../src/bytes";
import { decodePush, type Push, PushDecoder, type PushDecoderOptions } from "../../src/push";
import { hdlc, mbus, wrapped } from "../support/pushes";
import { random } from "../support/random";

interface Vector {
  readonly id: string;
  readonly layer: string;
  readonly hex: string;
  readonly negative: boolean;
  readonly keys?: Readonly<Record<string, string>>;
}

const file = resolve(__dirname, "../../../shared/vectors/push.json");
const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Vector[]) : [];

function optionsOf({ keys }: Vector): PushDecoderOptions {
  if (keys === undefined) return { counters: "off" };
  const { ek, ak, broadcastKey, dedicatedKey, systemTitle } = keys;
  const set = { encryptionKey: ek, authenticationKey: ak, broadcastKey, dedicatedKey, systemTitle };
  return { counters: "off", keys: set };
}

const summary = (pushes: readonly Push[]): string[] =>
  pushes.map(({ kind, values, time, systemTitle, security }) => JSON.stringify([kind, values, time, systemTitle, security]));

const streams = vectors.filter(({ layer, negative }) => layer !== "mqtt" && !negative);
/** APDUs without a frame and without a system title: nothing marks their beginning, so they have to come first. */
const unmarked = new Set(["at-salzburg-triples-72", "syn-empty-title"]);

describe("shared push vectors within noise", () => {
  for (const vector of streams) {
    const bytes = fromHex(vector.hex);
    const options = optionsOf(vector);
    const wanted = summary(decodePush(bytes, options).pushes);
    const decode = (pieces: readonly Uint8Array[]): string[] => {
      const decoder = new PushDecoder(options);
      const pushes = pieces.flatMap((piece) => decoder.add(piece));
      return summary([...pushes, ...decoder.end()]);
    };

    for (const seed of [1, 2, 3]) {
      const next = random(seed);
      const noise = (): Buffer => Buffer.from(Array.from({ length: 1 + next(60) }, () => next(256)));

      if (unmarked.has(vector.id)) {
        it(`${vector.id} comes whole before noise (seed ${seed})`, () => {
          assert.deepEqual(decode([bytes, noise()]), wanted);
        });
      } else {
        it(`${vector.id} comes whole before, between and behind noise (seed ${seed})`, () => {
          assert.deepEqual(decode([noise(), bytes, noise(), bytes, noise()]), [...wanted, ...wanted]);
        });
      }
    }
  }
});

describe("authenticated pushes with one bit turned", () => {
  const wrapperHeader = 8;
  const wholeForms = [
    ...["syn-wrapper-glo-sc10", "syn-wrapper-glo-sc30", "syn-suite2-aes256", "syn-broadcast-sc70", "syn-general-ded"],
    ...["syn-event-glo-ca", "syn-glo-event-in-db", "syn-general-ciphering-id0", "syn-general-ciphering-id1"],
  ];
  const framings = { wrapper: wrapped, hdlc, mbus } as const;

  for (const vector of vectors.filter(({ id }) => wholeForms.includes(id))) {
    const options = optionsOf(vector);
    const apdu = fromHex(vector.hex).subarray(wrapperHeader);

    it(`${vector.id}: none of them is given out, in any framing`, () => {
      for (const framed of Object.values(framings)) {
        assert.equal(decodePush(framed(apdu), options).pushes.length, 1);
        for (let bit = 0; bit < 8 * apdu.length; bit++) {
          const turned = Uint8Array.from(apdu);
          turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const { pushes } = decodePush(framed(turned), options);
          assert.deepEqual(summary(pushes), [], `bit ${bit & 7} of byte ${bit >> 3}`);
        }
      }
    });
  }
});
