import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeApdu, parseApdu } from "../../../src/apdu";
import { DlmsError } from "../../../src/errors";
import { apdus } from "./arbitraries";

describe("APDU properties", () => {
  for (const [name, arbitrary] of Object.entries(apdus)) {
    it(`parse(encode(x)) is x for ${name}`, () => {
      fc.assert(
        fc.property(arbitrary, (apdu) => {
          const bytes = encodeApdu(apdu);
          assert.deepEqual(parseApdu(bytes), apdu);
        }),
      );
    });

    it(`${name}: truncated or changed bytes end in an APDU or a DlmsError`, () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.integer({ min: 0, max: 255 }), (apdu, where, byte) => {
          const bytes = encodeApdu(apdu);
          const changed = new Uint8Array(bytes);
          changed[where % bytes.length] = byte;
          for (const input of [changed, bytes.subarray(0, where % bytes.length)]) {
            try {
              parseApdu(input);
            } catch (error) {
              assert.ok(error instanceof DlmsError, String(error));
            }
          }
        }),
      );
    });
  }

  it("any bytes end in an APDU or a DlmsError", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 100 }), (tag, rest) => {
        try {
          parseApdu(Uint8Array.of(tag, ...rest), { allowTrailing: true });
        } catch (error) {
          assert.ok(error instanceof DlmsError, String(error));
        }
      }),
      { numRuns: 20000 },
    );
  });
});
