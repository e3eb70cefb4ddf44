import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { resolveSettings } from "../../../src/client/settings";
import { makeLink } from "../../../src/client/wiring";
import { memoryTransport, type Transport } from "../../../src/transport";

const nowhere = memoryTransport(() => ({ receive: () => undefined, closed: () => undefined }));

/** What goes out first in mode E, in hex, and how the line is switched for it. */
function signOn(transport: Transport): string[] {
  const settings = resolveSettings({
    transport,
    link: { kind: "hdlc-mode-e" },
    client: { sap: 16 },
    server: { logical: 1 },
  });
  return makeLink(settings)
    .open(0)
    .flatMap((output) => {
      if (output.kind === "transmit") return [toHex(output.bytes)];
      return output.kind === "line" ? [`${output.settings.dataBits} ${output.settings.parity}`] : [];
    });
}

describe("mode E by the kind of line", () => {
  it("makes the parity itself on a gateway, whose line hands eight bits through", () => {
    assert.deepEqual(signOn(nowhere), ["8 none", "af3f218d0a"]);
  });

  it("leaves the parity to a serial port", () => {
    assert.deepEqual(signOn({ ...nowhere, kind: "serial", baudRate: 9600 }), ["7 even", "2f3f210d0a"]);
  });
});
