/** A meter whose own invocation counter restarts with every association, read by a dlms-meter and a dlms-read. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { demoKeys, fromHex, householdDefinition, toHex } from "../../src/index";
import { allNodes, clean, failure, flowFor, helper, startMeter, value } from "./support";

const node = {
  clientAddress: "18",
  authentication: "HIGH_GMAC",
  securityPolicy: "AUTHENTICATED_ENCRYPTED",
  securitySuite: "0",
  invocationCounterSource: "STORED",
};
const secrets = {
  encryptionKey: toHex(demoKeys.encryptionKey),
  authenticationKey: toHex(demoKeys.authenticationKey),
};

/** Used by this meter only, because the process keeps received counters per title and key. */
const systemTitle = fromHex("53494d00000000c5");

/** Joins each connection with a meter of the same name and keys whose counter begins at 10. */
class RestartingMeter {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  constructor() {
    this.#server = createServer((client) => {
      void this.#join(client);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends the connections: the client associates again. */
  drop(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #join(client: Socket): Promise<void> {
    this.#sockets.push(client);
    const { port } = await startMeter({ ...householdDefinition(), systemTitle, invocationCounter: 10 });
    const meter = connect(port, "127.0.0.1");
    this.#sockets.push(meter);
    for (const socket of [client, meter]) socket.on("error", () => undefined);
    client.pipe(meter).pipe(client);
  }
}

describe("a meter whose own counter restarts with every association", () => {
  let meter: RestartingMeter;
  let port = 0;

  beforeEach(async () => {
    meter = new RestartingMeter();
    port = await meter.listen();
  });
  afterEach(async () => {
    await clean();
    await meter.close();
  });

  it("is read again after a reconnect with the quirk meterCounterRestarts", async () => {
    const quirks = "meterCounterRestarts";
    await helper.load(allNodes, flowFor(port, {}, { ...node, quirks }), { meter: secrets });
    for (let association = 0; association < 3; association++) {
      assert.equal(typeof (await value()).payload, "number");
      meter.drop();
    }
  });

  it("is refused after a reconnect without it, and the error names the quirk", async () => {
    await helper.load(allNodes, flowFor(port, {}, node), { meter: secrets });
    assert.equal(typeof (await value()).payload, "number");
    meter.drop();
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_SEC_REPLAY");
    assert.match(dlmsError.message, /quirk meterCounterRestarts/);
  });
});
