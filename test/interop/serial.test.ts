/** The Gurux meter on a pseudo terminal. */
import assert from "node:assert/strict";
import { type ConnectOptions, attribute, connect, createMeter, findAddress, householdDefinition } from "../../src";
import { createBus } from "../../src/simulator";
import { allNodes, clean, flowFor, helper, value } from "../nodes/support";
import { heldValues } from "./held-values";
import {
  type JavaMeter,
  needsJava,
  needsSocat,
  type PeerOptions,
  type SerialCable,
  startJavaMeter,
  startSerialCable,
} from "./peers";

/** The Gurux meter on a pseudo terminal: our serial transport opens a real port. */
interface Line {
  readonly name: string;
  readonly meter: PeerOptions;
  readonly link: ConnectOptions["link"];
  readonly node: object;
}

const lines: readonly Line[] = [
  { name: "HDLC", meter: { framing: "HDLC" }, link: { kind: "hdlc" }, node: { framing: "HDLC" } },
  {
    name: "HDLC, 512 octets, window 7",
    meter: { framing: "HDLC", "max-info": 512, window: 7 },
    link: { kind: "hdlc", addressSize: 4 },
    node: { framing: "", addressSize: "4" },
  },
  {
    name: "mode E",
    meter: { framing: "HDLC_WITH_MODE_E" },
    link: { kind: "hdlc-mode-e" },
    node: { framing: "HDLC_MODE_E" },
  },
  { name: "wrapper", meter: { framing: "WRAPPER" }, link: { kind: "wrapper" }, node: { framing: "WRAPPER" } },
];

for (const line of lines) {
  describe(`the Gurux meter on a serial port, ${line.name}`, function () {
    let meter: JavaMeter | undefined;
    let cable: SerialCable | undefined;

    before(async function () {
      needsJava(this);
      needsSocat(this);
      this.timeout(30_000);
      meter = await startJavaMeter(line.meter);
    });
    beforeEach(async () => {
      assert.ok(meter);
      cable = await startSerialCable(meter.port);
    });
    afterEach(async () => {
      await clean();
      await cable?.close();
    });
    after(async () => {
      await meter?.close();
    });

    const options = (): ConnectOptions => ({
      transport: { kind: "serial", path: cable?.path ?? "", baudRate: 9600 },
      ...(line.link === undefined ? {} : { link: line.link }),
      client: { sap: 16 },
      server: { logical: 1 },
    });

    it("our client reads the meter's values, including long ones", async () => {
      const client = await connect(options());
      try {
        for (const held of heldValues) {
          const reading = await client.read(attribute(held.objectType, held.logicalName, held.attributeId));
          assert.deepEqual(reading.value, held.value, `${held.objectType} ${String(held.logicalName)}`);
        }
      } finally {
        await client.close();
      }
    });

    it("the port is free after close: the next client opens it", async () => {
      const client = await connect(options());
      await client.close();
      await cable?.close();
      assert.ok(meter);
      cable = await startSerialCable(meter.port);
      const next = await connect(options());
      assert.equal((await next.read(attribute("REGISTER", "1.0.1.8.0.255", "value"))).value, 12345678);
      await next.close();
    });

    it("a flow reads it", async () => {
      await helper.load(
        allNodes,
        flowFor(
          0,
          { logicalName: "1.0.1.8.0.255" },
          {
            transportType: "SERIAL",
            serialPort: cable?.path,
            baudRate: "9600",
            timeout: "5000",
            ...line.node,
          },
        ),
      );
      assert.equal((await value()).payload, 12345678);
    });

    it("the client recovers after the cable was pulled and plugged in again", async () => {
      const client = await connect({ ...options(), timeouts: { reconnectMin: 50, reconnectMax: 100, response: 1500 } });
      try {
        const ref = attribute("REGISTER", "1.0.1.8.0.255", "value");
        assert.equal((await client.read(ref)).value, 12345678);
        const gone = new Promise<void>((resolve) => {
          client.on("state", (event) => {
            if (event.error !== undefined) resolve();
          });
        });
        const path = cable?.path ?? "";
        await cable?.close();
        await Promise.race([gone, client.read(ref).catch(() => undefined)]);
        assert.ok(meter);
        cable = await startSerialCable(meter.port, path);
        const open = new Promise<void>((resolve) => {
          client.on("state", (event) => {
            if (event.state === "open") resolve();
          });
        });
        if (client.state !== "open") {
          const reading = await client.read(ref).catch(() => undefined);
          if (reading === undefined) await open;
        }
        assert.equal((await client.read(ref)).value, 12345678);
      } finally {
        await client.close();
      }
    });

    if (line.name === "mode E" || line.name === "HDLC") {
      it("its address is found", async () => {
        const { transport } = options();
        const search = findAddress({ transport, ...(line.link === undefined ? {} : { link: line.link }) });
        for await (const trial of search) {
          assert.deepEqual([trial.logical, trial.result, trial.device], [1, "accepted", "GRX0000000000042"]);
        }
      });
    }
  });
}

describe("two meters on one serial port", () => {
  it("share it: both associations stay open, and the port is free after the last", async function () {
    needsSocat(this);
    const meters = [17, 18].map((physicalAddress) =>
      createMeter({ ...householdDefinition(), framing: "HDLC", physicalAddress }),
    );
    const bus = await createBus(meters).listen();
    const cable = await startSerialCable(bus.port);
    const clients = await Promise.all(
      [17, 18].map((physical) =>
        connect({
          transport: { kind: "serial", path: cable.path, baudRate: 9600 },
          link: { kind: "hdlc" },
          client: { sap: 16 },
          server: { logical: 1, physical },
        }),
      ),
    );
    const name = attribute("DATA", "0.0.42.0.0.255", "value");
    for (let round = 0; round < 3; round++) {
      const readings = await Promise.all(clients.map((client) => client.read(name)));
      assert.equal(readings.length, 2);
    }
    assert.deepEqual(
      meters.map((meter) => [meter.counters.connections, meter.associations]),
      [
        [1, 1],
        [1, 1],
      ],
    );
    await Promise.all(clients.map((client) => client.close()));
    assert.deepEqual(
      meters.map((meter) => meter.associations),
      [0, 0],
    );
    await cable.close();
    await bus.close();
  });
});
