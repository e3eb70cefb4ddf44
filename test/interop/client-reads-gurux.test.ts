/** The client reads a meter built on the Java server classes of Gurux. */
import assert from "node:assert/strict";
import { type ConnectOptions, attribute, connect } from "../../src";
import { heldValues } from "./held-values";
import { type JavaMeter, type PeerOptions, needsJava, startJavaMeter } from "./peers";

/** Our client against a meter on Gurux' Java server classes, in its own process. */
interface Line {
  readonly name: string;
  readonly meter: PeerOptions;
  readonly link: ConnectOptions["link"];
}

const lines: readonly Line[] = [
  { name: "wrapper", meter: { framing: "WRAPPER" }, link: { kind: "wrapper" } },
  { name: "HDLC, 128 bytes, window 1", meter: { framing: "HDLC" }, link: { kind: "hdlc" } },
  {
    name: "HDLC, 512 bytes",
    meter: { framing: "HDLC", "max-info": 512 },
    link: { kind: "hdlc", addressSize: 4 },
  },
  {
    name: "wrapper without GET with list",
    meter: { framing: "WRAPPER", without: "MULTIPLE_REFERENCES" },
    link: { kind: "wrapper" },
  },
];

for (const line of lines) {
  describe(`our client reads the Gurux meter over ${line.name}`, function () {
    let meter: JavaMeter;

    const options = (extra: Partial<ConnectOptions> = {}): ConnectOptions => ({
      transport: { kind: "tcp", host: "127.0.0.1", port: meter.port },
      ...(line.link === undefined ? {} : { link: line.link }),
      client: { sap: 16 },
      server: { logical: 1 },
      ...extra,
    });

    before(async function () {
      needsJava(this);
      this.timeout(30_000);
      meter = await startJavaMeter(line.meter);
    });
    after(async () => {
      await meter?.close();
    });

    for (const held of heldValues) {
      it(`${held.objectType} ${String(held.logicalName)}/${held.attributeId} has the value that the meter holds`, async () => {
        const client = await connect(options());
        try {
          const reading = await client.read(attribute(held.objectType, held.logicalName, held.attributeId));
          assert.deepEqual(
            { value: reading.value, unit: reading.unit, type: reading.type },
            { value: held.value, unit: held.unit, type: held.type },
          );
        } finally {
          await client.close();
        }
      });
    }

    it("readMany gives every value at its place, and the refused one as an access error", async () => {
      const client = await connect(options());
      try {
        const refs = heldValues.map((held) => attribute(held.objectType as never, held.logicalName, held.attributeId));
        const outcomes = await client.readMany([...refs, attribute("DATA", "0.0.96.15.2.255", 2)]);
        assert.equal(outcomes.length, heldValues.length + 1);
        for (const [index, held] of heldValues.entries()) {
          const outcome = outcomes[index];
          assert.ok(outcome?.ok, `${String(held.logicalName)} failed`);
          assert.deepEqual(outcome.value.value, held.value);
        }
        const denied = outcomes.at(-1);
        assert.ok(denied && !denied.ok);
        assert.equal(denied.error.code, "DLMS_ACCESS_READ_WRITE_DENIED");
      } finally {
        await client.close();
      }
    });

    it("client 17 associates with its password and reads", async () => {
      const client = await connect(options({ client: { sap: 17 }, auth: { mechanism: "lls", secret: "gurux-17" } }));
      try {
        const reading = await client.read(attribute("REGISTER", "1.0.1.8.0.255", "value"));
        assert.equal(reading.value, 12345678);
      } finally {
        await client.close();
      }
    });

    it("reports a wrong password as an authentication failure without a retry", async () => {
      await assert.rejects(
        connect(options({ client: { sap: 17 }, auth: { mechanism: "lls", secret: "wrong" } })),
        (error: { code?: string; retry?: string }) => {
          assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED");
          assert.equal(error.retry, "no");
          return true;
        },
      );
    });

    it("an object that the meter does not have is an access error", async () => {
      const client = await connect(options());
      try {
        await assert.rejects(client.read(attribute("REGISTER", "1.0.77.77.0.255", 2)), {
          name: "DlmsAccessError",
        });
        const reading = await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2));
        assert.equal(reading.value, 12345678, "the session goes on");
      } finally {
        await client.close();
      }
    });
  });
}

describe("our client reads a Gurux meter whose scalers are in a scaler profile (IS 15959)", function () {
  let meter: JavaMeter;
  before(async function () {
    needsJava(this);
    this.timeout(30_000);
    meter = await startJavaMeter({ framing: "WRAPPER", "scaler-profile": true, rows: 3 });
  });
  after(async () => {
    await meter?.close();
  });

  it("scales the load profile by it, with a note", async () => {
    const client = await connect({
      transport: { kind: "tcp", host: "127.0.0.1", port: meter.port },
      client: { sap: 16 },
      server: { logical: 1 },
    });
    try {
      const { rows, columns, notes } = await client.profile("1.0.99.1.0.255").toTable();
      assert.deepEqual(
        rows.map((row) => [row["1.0.1.8.0.255"], row["1.0.32.7.0.255"]]),
        [
          [1_000_000, 230],
          [1_000_010, 230.1],
          [1_000_020, 230.2],
        ],
      );
      assert.deepEqual(
        columns.map(({ unit }) => unit),
        [null, "Wh", "V"],
      );
      assert.match(notes.join(), /taken from the scaler profile 1-0:94\.91\.4/);
    } finally {
      await client.close();
    }
  });
});
