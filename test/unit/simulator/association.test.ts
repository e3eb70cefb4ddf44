import assert from "node:assert/strict";
import { createMeter } from "../../../src/simulator";
import { plain } from "./definitions";
import { AARQ_LLS, AARQ_NONE, openLine } from "./line";

const register = "c001c100030100010800ff0200";
const value = "c401c1000600" + "0003ed";

/** An AARE of this shape refuses: context LN, result, diagnostic of the service user. */
const refused = (result: string, diagnostic: string): string =>
  `6117a109060760857405080101a2030201${result}a305a1030201${diagnostic}`;

describe("simulated meter: association", () => {
  it("accepts the Green Book's AARQ without authentication, and answers with what both sides can do", () => {
    const line = openLine(createMeter({ ...plain, conformance: ["get", "set", "action", "selective-access"] }));
    // proposed 007E1F; get 19, set 20, selective-access 21, action 23 -> 00001D; PDU 0400; VAA 0007
    assert.deepEqual(line.apdu(AARQ_NONE), [
      "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400" + "00001d" + "0400" + "0007",
    ]);
    assert.deepEqual(line.apdu(register), [value]);
  });

  it("accepts the Green Book's AARQ with the right password", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    const [aare = ""] = line.apdu(AARQ_LLS, 17);
    assert.match(aare, /^6129a109060760857405080101a203020100a305a103020100be/);
    assert.equal(meter.associations, 1);
    assert.deepEqual(line.apdu(register, 17), [value]);
  });

  it("refuses a wrong password with diagnostic 13 and stays closed", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    assert.deepEqual(line.apdu(AARQ_LLS.replace("3132333435363738", "3132333435363739"), 17), [refused("01", "0d")]);
    assert.equal(meter.associations, 0);
    assert.deepEqual(line.apdu(register, 17), ["d80101"]);
  });

  it("tells a missing mechanism (12), an unknown one (11), a wrong context (2) and an unknown client (1) apart", () => {
    const line = openLine(createMeter(plain));
    assert.deepEqual(line.apdu(AARQ_NONE, 17), [refused("01", "0c")]);
    assert.deepEqual(line.apdu(AARQ_LLS, 16), [refused("01", "0b")]);
    const sn = AARQ_NONE.replace("60857405080101", "60857405080102");
    assert.deepEqual(line.apdu(sn), [refused("01", "02")]);
    assert.deepEqual(line.apdu(AARQ_NONE, 99), [refused("01", "01")]);
  });

  it("refuses an old DLMS version and a PDU size of nothing with an initiate error", () => {
    const line = openLine(createMeter(plain));
    const old = AARQ_NONE.replace("0100000006", "0100000005");
    const tiny = AARQ_NONE.replace(/04b0$/, "0008");
    const alien = AARQ_NONE.replace("00007e1f04b0", "00" + "380000" + "04b0");
    const error = (value: string): RegExp => new RegExp(`a203020101a305a103020101be0604040e0106${value}$`);
    assert.match(line.apdu(old)[0] ?? "", error("01"));
    assert.match(line.apdu(alien)[0] ?? "", error("02"));
    assert.match(line.apdu(tiny)[0] ?? "", error("03"));
  });

  it("answers nothing to another logical device", () => {
    const meter = createMeter(plain);
    const line = openLine(meter, 2);
    assert.deepEqual(line.apdu(AARQ_NONE), []);
    assert.equal(meter.counters.frames, 0);
  });

  it("releases: RLRE, and after it services are not allowed", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    line.apdu(AARQ_NONE);
    assert.equal(meter.associations, 1);
    assert.deepEqual(line.apdu("6203800100"), ["6303800100"]);
    assert.equal(meter.associations, 0);
    assert.deepEqual(line.apdu(register), ["d80101"]);
  });

  it("loses its associations with the connection, and counts", () => {
    const meter = createMeter(plain);
    const first = openLine(meter);
    const second = openLine(meter);
    first.apdu(AARQ_NONE);
    second.apdu(AARQ_LLS, 17);
    assert.equal(meter.associations, 2);
    assert.equal(meter.counters.connections, 2);
    first.close();
    first.close();
    assert.equal(meter.associations, 1);
    assert.equal(meter.counters.openConnections, 1);
  });

  it("refuses a second association as transient where it takes one only", () => {
    const meter = createMeter({ ...plain, maxAssociations: 1 });
    const first = openLine(meter);
    const second = openLine(meter);
    first.apdu(AARQ_NONE);
    assert.deepEqual(second.apdu(AARQ_NONE), [refused("02", "01")]);
    // the one that has it may begin anew
    assert.match(first.apdu(AARQ_NONE)[0] ?? "", /a203020100/);
    first.close();
    assert.match(second.apdu(AARQ_NONE)[0] ?? "", /a203020100/);
  });

  it("answers unknown services with service-unknown, and services that were not negotiated with not-allowed", () => {
    const line = openLine(createMeter({ ...plain, conformance: ["get"] }));
    line.apdu(AARQ_NONE);
    assert.deepEqual(line.apdu("c301c100460000600 30aff0100".replace(/ /g, "")), ["d80102"]);
    assert.deepEqual(line.apdu("c101c100010000600101ff02000600000001"), ["d80102"]);
    assert.deepEqual(line.apdu("c003c1010003010001 0800ff0200".replace(/ /g, "")), ["d80102"]);
    assert.deepEqual(line.apdu("0501020100"), ["d80102"]);
    assert.deepEqual(line.apdu("c401c10101"), ["d80202"]);
    assert.deepEqual(line.apdu("ff00"), ["d80203"]);
    assert.deepEqual(line.apdu(register), [value]);
  });

  it("answers an AARQ that cannot be read with an AARE", () => {
    const line = openLine(createMeter(plain));
    assert.deepEqual(line.apdu("60ff"), [refused("01", "02")]);
  });
});
