import assert from "node:assert/strict";
import { endpointKey } from "../../../../src";
import { resolveSettings } from "../../../../src/client/options/resolve-options";
import { transportOf } from "../../../../src/client/options/transports";
import { systemClock } from "../../../../src/clock";

describe("the key of an endpoint", () => {
  it("is the same for all ways to write this machine, and for capitals and a dot at the end", () => {
    const key = (host: string): string => endpointKey({ kind: "tcp", host, port: 4059 });
    assert.equal(key("localhost"), key("127.0.0.1"));
    assert.equal(key("LocalHost."), key("127.0.0.1"));
    assert.equal(key("Gateway.Example."), key("gateway.example"));
    assert.notEqual(key("gateway.example"), key("gateway2.example"));
  });

  it("is the same for all spellings of an IPv6 address", () => {
    const key = (host: string): string => endpointKey({ kind: "tls", host, port: 4059 });
    for (const spelling of ["::1", "[::1]", "0:0:0:0:0:0:0:1", "0000::0001", "::ffff:127.0.0.1", "::FFFF:7f00:1"]) {
      assert.equal(key(spelling), key("localhost"), spelling);
    }
    for (const spelling of ["[2001:DB8::7]", "2001:db8:0:0:0:0:0:7", "2001:0db8::0007"]) {
      assert.equal(key(spelling), key("2001:db8::7"), spelling);
    }
    assert.equal(key("::ffff:192.0.2.7"), key("192.0.2.7"));
    assert.notEqual(key("2001:db8::7"), key("2001:db8::8"));
    assert.equal(key("FE80:0::1%eth0"), key("fe80::1%eth0"));
    assert.notEqual(key("fe80::1%eth0"), key("fe80::1%eth1"));
  });

  it("means one account in any spelling of the host", () => {
    const meterOf = (host: string): string =>
      resolveSettings({ transport: { kind: "tcp", host, port: 4059 }, client: { sap: 1 }, server: { logical: 1 } })
        .account.meter;
    assert.equal(meterOf(" [::1] "), meterOf("0:0:0:0:0:0:0:1"));
  });

  it("omits the brackets of a URL from the address", () => {
    const { endpoint } = transportOf({ kind: "tcp", host: "[2001:db8::7]", port: 4059 }, systemClock);
    assert.equal(endpoint, "tcp [2001:db8::7]:4059");
  });

  it("distinguishes ports, and serial ports by case", () => {
    const tcp = { kind: "tcp", host: "a" } as const;
    assert.notEqual(endpointKey({ ...tcp, port: 1 }), endpointKey({ ...tcp, port: 2 }));
    const serial = (path: string): string => endpointKey({ kind: "serial", path, baudRate: 9600 });
    assert.notEqual(serial("/dev/nothing-here-A"), serial("/dev/nothing-here-a"));
  });
});
