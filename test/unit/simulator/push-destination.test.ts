/** The destination of a simulated meter's pushes, as clients write it to the push setup object. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { toHex } from "../../../src/bytes";
import { createMeter, householdDefinition, type PushSetup } from "../../../src/simulator";
import { aarqNone, actionResult, getData, setResult } from "../../support/apdus";
import { openLine } from "./line";
import { pushReceiver } from "./push-receiver";

const objects = [{ logicalName: "1.0.1.8.0.255" }];
const attribute = "280000190900ff0300";
const otherReason = 250;

/** A send_destination_and_method: transport service, place and message type. */
function destination(service: number, place: string, message = 0): string {
  const bytes = new TextEncoder().encode(place);
  const [length, number, type] = [bytes.length, service, message].map((one) => one.toString(16).padStart(2, "0"));
  return `020316${number}09${length}${toHex(bytes)}16${type}`;
}

function lineTo(push: Partial<PushSetup>) {
  const line = openLine(createMeter(householdDefinition({ push: { objects, ...push } })));
  line.apdu(aarqNone);
  return {
    write: (data: string): string[] => line.apdu(`c101c100${attribute}${data}`),
    read: (): string[] => line.apdu(`c001c100${attribute}`),
    push: (): string[] => line.apdu("c301c100280000190900ff01010f00"),
  };
}

describe("destination of a push setup", () => {
  it("is the one that a client has written: the next push goes there", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const before = pushReceiver();
    const line = lineTo({ to: before.transport });
    const written = destination(0, `127.0.0.1:${port}`);
    assert.deepEqual(line.write(written), [setResult(0)]);
    assert.deepEqual(line.read(), [getData(written)]);
    const connected = once(server, "connection") as Promise<[Socket]>;
    assert.deepEqual(line.push(), [actionResult(0)]);
    const [socket] = await connected;
    const [bytes] = (await once(socket, "data")) as [Buffer];
    // version of the wrapper
    assert.deepEqual([...bytes.subarray(0, 2)], [0, 1]);
    assert.equal(before.lines.length, 0);
    socket.destroy();
    server.close();
    await once(server, "close");
  });

  it("is the setup's own host or this machine, over TCP or UDP, with a port and A-XDR", () => {
    const line = lineTo({ to: { kind: "tcp", host: "192.0.2.7", port: 4059 } });
    const first = line.read();
    for (const refused of [
      destination(0, "192.0.2.8:4059"),
      destination(3, "127.0.0.1:4059"),
      destination(0, "127.0.0.1"),
      destination(0, "127.0.0.1:0"),
      destination(0, "127.0.0.1:65536"),
      destination(0, "127.0.0.1:4059", 1),
      "02021600" + "0900",
    ]) {
      assert.deepEqual(line.write(refused), [setResult(otherReason)], refused);
    }
    assert.deepEqual(line.read(), first);
    for (const taken of [destination(1, "192.0.2.7:5000"), destination(0, "localhost:1")]) {
      assert.deepEqual(line.write(taken), [setResult(0)], taken);
      assert.deepEqual(line.read(), [getData(taken)]);
    }
  });
});
