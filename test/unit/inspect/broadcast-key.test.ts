/** APDUs under the global broadcast key. */
import assert from "node:assert/strict";
import { decodeApdu, decodeFrame } from "../../../src/inspect";
import { dataNotification, gak, gbek, generalGlo, guek, wrapped } from "../../support/pushes";

const broadcast = generalGlo(dataNotification("00", 7), { control: 0x70, key: gbek });
const keys = { encryptionKey: guek, authenticationKey: gak };

describe("decodeApdu and decodeFrame: the broadcast key set", () => {
  it("opens it with the broadcast key", () => {
    const wanted = { apdu: "data-notification", longInvokeId: 7, data: Uint8Array.of(0) };
    assert.deepEqual(decodeApdu(broadcast, { ...keys, broadcastKey: gbek }), wanted);
    assert.deepEqual(decodeFrame(wrapped(broadcast), "wrapper", { ...keys, broadcastKey: gbek }).apdu, wanted);
  });

  it("leaves it ciphered without the broadcast key: the unicast key is not tried", () => {
    assert.equal(decodeApdu(broadcast, keys).apdu, "general-glo-ciphering");
  });
});
