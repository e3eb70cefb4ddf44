import assert from "node:assert/strict";
import { endpointKey } from "../../../../src";

describe("the key of an endpoint", () => {
  it("is the same for all ways to write this machine, and for capitals and a dot at the end", () => {
    const key = (host: string): string => endpointKey({ kind: "tcp", host, port: 4059 });
    assert.equal(key("localhost"), key("127.0.0.1"));
    assert.equal(key("LocalHost."), key("127.0.0.1"));
    assert.equal(key("Gateway.Example."), key("gateway.example"));
    assert.notEqual(key("gateway.example"), key("gateway2.example"));
  });

  it("tells ports, and serial ports in the case in which they are written", () => {
    const tcp = { kind: "tcp", host: "a" } as const;
    assert.notEqual(endpointKey({ ...tcp, port: 1 }), endpointKey({ ...tcp, port: 2 }));
    const serial = (path: string): string => endpointKey({ kind: "serial", path, baudRate: 9600 });
    assert.notEqual(serial("/dev/nothing-here-A"), serial("/dev/nothing-here-a"));
  });
});
