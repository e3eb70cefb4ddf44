/** Pushes that are to be confirmed, and their confirmation; pushes of meters with short names. */
import assert from "node:assert/strict";
import { decodeApdu, decodeFrame, decodePush, pushConfirmation } from "../../../src";
import { toHex } from "../../../src/bytes";
import { dataNotification, hdlc, mbus, wrapped } from "../../support/pushes";

const confirmed = dataNotification("020100", 0x40000007);

function confirmation(bytes: Uint8Array): Uint8Array | undefined {
  const [push] = decodePush(bytes).pushes;
  assert.ok(push);
  return pushConfirmation(push);
}

describe("a push that requires confirmation", () => {
  it("requests it by the service-class bit of its long-invoke-id", () => {
    const pushes = [confirmed, dataNotification("00", 7)].flatMap((apdu) => decodePush(wrapped(apdu)).pushes);
    assert.deepEqual(
      pushes.map((push) => [push.confirmed, push.longInvokeId]),
      [
        [true, 0x40000007],
        [false, 7],
      ],
    );
  });

  it("over the wrapper is confirmed with its ports exchanged", () => {
    assert.equal(toHex(confirmation(wrapped(confirmed, 1, 102)) ?? Buffer.alloc(0)), "0001006600010006104000000700");
  });

  it("over HDLC is confirmed with its addresses exchanged", () => {
    const bytes = confirmation(hdlc(confirmed, 200, "00020023", "cf"));
    assert.ok(bytes);
    assert.equal(toHex(bytes.subarray(3, 8)), "00020023cf");
    assert.deepEqual(decodeFrame(bytes, "hdlc").apdu, { apdu: "data-notification-confirm", longInvokeId: 0x40000007 });
  });

  it("without a frame is confirmed by the APDU alone", () => {
    assert.equal(toHex(confirmation(confirmed) ?? Buffer.alloc(0)), "104000000700");
  });

  it("is not confirmed over M-Bus, or if it does not request it", () => {
    assert.equal(confirmation(mbus(confirmed)), undefined);
    assert.equal(confirmation(wrapped(dataNotification("00", 7))), undefined);
  });
});

describe("data-notification-confirm", () => {
  it("is read with and without a date-time", () => {
    assert.deepEqual(decodeApdu("104000000700"), { apdu: "data-notification-confirm", longInvokeId: 0x40000007 });
    const timed = decodeApdu("10400000070c07ea071e030c0005ff800000");
    assert.equal(timed.apdu === "data-notification-confirm" && timed.dateTime?.length, 12);
  });
});

describe("an information-report", () => {
  it("is given out with its values, and with the short names in the notes", () => {
    const [push] = decodePush(wrapped(Buffer.from("180002021f4002200002060000019c1200e6", "hex"))).pushes;
    assert.deepEqual(push?.values, { "#0": 412, "#1": 230 });
    assert.match(push?.notes[0] ?? "", /short names, no OBIS codes: 0x1f40, 0x2000/);
  });
});
