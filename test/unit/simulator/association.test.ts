/** Associations of the simulated meter: accepted, rejected and released. */
import assert from "node:assert/strict";
import { createMeter } from "../../../src/simulator";
import { plain } from "./definitions";
import { openLine } from "./line";
import {
  aareRejected,
  aarqLls,
  aarqNone,
  exceptionResponse,
  getData,
  getRefused,
  getRequest,
  releaseResponse,
} from "../../support/apdus";

const register = getRequest();
const value = getData("06000003ed");

describe("simulated meter: association", () => {
  it("accepts the Green Book's AARQ without authentication, and answers with the common conformance", () => {
    const line = openLine(createMeter({ ...plain, conformance: ["get", "set", "action", "selective-access"] }));
    // proposed 007E1F; get 19, set 20, selective-access 21, action 23 -> 00001D; PDU 0400; VAA 0007
    assert.deepEqual(line.apdu(aarqNone), [
      "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400" + "00001d" + "0400" + "0007",
    ]);
    assert.deepEqual(line.apdu(register), [value]);
  });

  it("accepts the Green Book's AARQ with the right password", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    const [aare = ""] = line.apdu(aarqLls, 17);
    assert.match(aare, /^6129a109060760857405080101a203020100a305a103020100be/);
    assert.equal(meter.associations, 1);
    assert.deepEqual(line.apdu(register, 17), [value]);
  });

  it("rejects a wrong password with diagnostic 13 and stays closed", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    assert.deepEqual(line.apdu(aarqLls.replace("3132333435363738", "3132333435363739"), 17), [aareRejected(1, 13)]);
    assert.equal(meter.associations, 0);
    assert.deepEqual(line.apdu(register, 17), [exceptionResponse(1, 1)]);
  });

  it("rejects a missing mechanism (12), an unknown one (11), a wrong context (2) and an unknown client (1)", () => {
    const line = openLine(createMeter(plain));
    assert.deepEqual(line.apdu(aarqNone, 17), [aareRejected(1, 12)]);
    assert.deepEqual(line.apdu(aarqLls, 16), [aareRejected(1, 11)]);
    const sn = aarqNone.replace("60857405080101", "60857405080102");
    assert.deepEqual(line.apdu(sn), [aareRejected(1, 2)]);
    assert.deepEqual(line.apdu(aarqNone, 99), [aareRejected(1, 1)]);
  });

  it("rejects an old DLMS version and a tiny PDU size with an initiate error", () => {
    const line = openLine(createMeter(plain));
    const old = aarqNone.replace("0100000006", "0100000005");
    const tiny = aarqNone.replace(/04b0$/, "0008");
    const alien = aarqNone.replace("00007e1f04b0", "00" + "380000" + "04b0");
    const error = (value: string): RegExp => new RegExp(`a203020101a305a103020101be0604040e0106${value}$`);
    assert.match(line.apdu(old)[0] ?? "", error("01"));
    assert.match(line.apdu(alien)[0] ?? "", error("02"));
    assert.match(line.apdu(tiny)[0] ?? "", error("03"));
  });

  it("ignores requests to another logical device", () => {
    const meter = createMeter(plain);
    const line = openLine(meter, 2);
    assert.deepEqual(line.apdu(aarqNone), []);
    assert.equal(meter.counters.frames, 0);
  });

  it("answers a release with RLRE and serves no request afterwards", () => {
    const meter = createMeter(plain);
    const line = openLine(meter);
    line.apdu(aarqNone);
    assert.equal(meter.associations, 1);
    assert.deepEqual(line.apdu("6203800100"), [releaseResponse]);
    assert.equal(meter.associations, 0);
    assert.deepEqual(line.apdu(register), [exceptionResponse(1, 1)]);
  });

  it("ends its associations with the connection, and counts", () => {
    const meter = createMeter(plain);
    const first = openLine(meter);
    const second = openLine(meter);
    first.apdu(aarqNone);
    second.apdu(aarqLls, 17);
    assert.equal(meter.associations, 2);
    assert.equal(meter.counters.connections, 2);
    first.close();
    first.close();
    assert.equal(meter.associations, 1);
    assert.equal(meter.counters.openConnections, 1);
  });

  it("rejects a second association as transient when only one is allowed", () => {
    const meter = createMeter({ ...plain, maxAssociations: 1 });
    const first = openLine(meter);
    const second = openLine(meter);
    first.apdu(aarqNone);
    assert.deepEqual(second.apdu(aarqNone), [aareRejected(2, 1)]);
    // the client that holds it may associate again
    assert.match(first.apdu(aarqNone)[0] ?? "", /a203020100/);
    first.close();
    assert.match(second.apdu(aarqNone)[0] ?? "", /a203020100/);
  });

  it("answers unknown services with service-unknown, and services that were not negotiated with not-allowed", () => {
    const line = openLine(createMeter({ ...plain, conformance: ["get"] }));
    line.apdu(aarqNone);
    assert.deepEqual(line.apdu("c301c100460000600 30aff0100".replace(/ /g, "")), [exceptionResponse(1, 2)]);
    assert.deepEqual(line.apdu("c101c100010000600101ff02000600000001"), [exceptionResponse(1, 2)]);
    assert.deepEqual(line.apdu("c003c1010003010001 0800ff0200".replace(/ /g, "")), [exceptionResponse(1, 2)]);
    assert.deepEqual(line.apdu("0501020100"), [exceptionResponse(1, 2)]);
    assert.deepEqual(line.apdu(getRefused(1)), [exceptionResponse(2, 2)]);
    assert.deepEqual(line.apdu("ff00"), [exceptionResponse(2, 3)]);
    assert.deepEqual(line.apdu(register), [value]);
  });

  it("answers an undecodable AARQ with an AARE", () => {
    const line = openLine(createMeter(plain));
    assert.deepEqual(line.apdu("60ff"), [aareRejected(1, 2)]);
  });
});
