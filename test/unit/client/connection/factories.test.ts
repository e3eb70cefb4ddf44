import assert from "node:assert/strict";
import { toHex } from "../../../../src/bytes/index";
import type { ConnectOptions } from "../../../../src/client/options/options";
import { resolveSettings } from "../../../../src/client/options/resolve-options";
import { linkAddress, makeLink } from "../../../../src/client/connection/factories";
import { memoryTransport, type Transport } from "../../../../src/transport/index";

const nowhere = memoryTransport(() => ({ receive: () => undefined, closed: () => undefined }));

/** The first bytes sent in mode E, in hex, and the line settings for them. */
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
  it("generates the parity on a gateway, whose line passes eight bits through", () => {
    assert.deepEqual(signOn(nowhere), ["8 none", "af3f218d0a"]);
  });

  it("leaves the parity to a serial port", () => {
    assert.deepEqual(signOn({ ...nowhere, kind: "serial", baudRate: 9600 }), ["7 even", "2f3f210d0a"]);
  });
});

describe("a client's identity at a meter", () => {
  const address = (link: ConnectOptions["link"], physical?: number): unknown =>
    linkAddress(
      resolveSettings({
        transport: nowhere,
        client: { sap: 16 },
        server: { logical: 1, ...(physical === undefined ? {} : { physical }) },
        ...(link === undefined ? {} : { link }),
      }),
    );

  it("is the same after a sign-on as without, and does not depend on how the client makes its frames", () => {
    const plain = { framing: "hdlc", server: { logical: 1, physical: 17 }, client: 16 };
    assert.deepEqual(address({ kind: "hdlc" }, 17), plain);
    assert.deepEqual(address({ kind: "hdlc", addressSize: 4, window: 1 }, 17), plain);
    assert.deepEqual(address({ kind: "hdlc-mode-e" }, 17), plain);
  });

  it("has no physical part in the wrapper", () => {
    assert.deepEqual(address({ kind: "wrapper" }, 17), {
      framing: "wrapper",
      server: { logical: 1, physical: undefined },
      client: 16,
    });
  });
});
