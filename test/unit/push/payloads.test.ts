/** Payloads of readers: no size and no content ends the program or exhausts its memory. */
import assert from "node:assert/strict";
import { decodePush } from "../../../src/push";
import { dataNotification, double32, generalGlo, guek, structure, wrapped } from "../../support/pushes";

const codes = (payload: Uint8Array | string): readonly string[] => {
  const { pushes, problems } = decodePush(payload);
  assert.deepEqual(pushes, []);
  return problems.map(({ code }) => code);
};

describe("payloads of readers", () => {
  it("hex text of 9 MB that holds no push is refused like a short one", () => {
    assert.deepEqual(codes("00".repeat(4_500_000)), ["DLMS_PUSH_NO_UNIT"]);
  });

  it("does not read a body that is longer than an APDU", () => {
    const count = 100_000;
    const body = Buffer.alloc(6 + count);
    body.set([1, 0x84]);
    body.writeUInt32BE(count, 2);
    assert.deepEqual(codes(body), ["DLMS_PUSH_NO_UNIT"]);
  });

  it("hex of hex is read", () => {
    const push = wrapped(generalGlo(dataNotification(structure(double32(5))), { control: 0x20 }));
    const twice = Buffer.from(push.toString("hex")).toString("hex");
    const { pushes } = decodePush(twice, { keys: { encryptionKey: guek } });
    assert.deepEqual(pushes[0]?.values, { "#0": 5 });
  });
});
