/** The pushes in the general collection of vectors: each value that its independent decoder names. */
import assert from "node:assert/strict";
import { decodePush } from "../../src/push";
import { absent, sharedVectors } from "./shared-vectors";

interface PushVector {
  readonly id: string;
  readonly hex: string;
  readonly negative: boolean;
  readonly keys?: { readonly ek: string; readonly ak: string; readonly systemTitle: string };
  readonly expected: { readonly valuesScaled?: Readonly<Record<string, number | string>> };
}

/** Vectors whose numbers are those of the frame: our list tables scale them. */
const unscaled = new Set(["dk-kamstrup-omnipower-glo"]);
/** Vectors whose expected values are not values of the objects. */
const ownWords = new Set(["energomera-raw"]);
const categories = ["UI push", "GBT push ciphered", "segmented push", "UI push ciphered", "data-notification/other"];

const vectors = [...sharedVectors("hdlc"), ...sharedVectors("apdu")].filter(
  ({ id, category }) => categories.some((each) => category.endsWith(each)) && id !== "ui-gb-informationreport",
) as readonly unknown[] as readonly PushVector[];

describe("pushes of the general collection", () => {
  it("are beside this repository, or are left out", () => {
    assert.equal(vectors.length > 0, absent === undefined);
  });

  for (const { id, hex, keys, negative, expected } of vectors) {
    it(`${id} ${negative ? "is refused" : "gives its values"}`, () => {
      const set = keys && { encryptionKey: keys.ek, authenticationKey: keys.ak, systemTitle: keys.systemTitle };
      const { pushes, problems } = decodePush(hex, { ...(set && { keys: set }), lists: unscaled.has(id) ? "none" : "auto" });
      if (negative) {
        assert.deepEqual([pushes.length, problems.length], [0, 1]);
        return;
      }
      assert.deepEqual(problems.map(String), []);
      const [push] = pushes;
      assert.ok(push);
      const wanted = ownWords.has(id) ? {} : (expected.valuesScaled ?? {});
      for (const [name, value] of Object.entries(wanted)) {
        if (typeof value === "number") assert.equal(push.values[name], value, name);
      }
    });
  }
});
