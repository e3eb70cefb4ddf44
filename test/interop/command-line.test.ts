/** The program `dlms` against Gurux meters, directly and behind a gateway with the prefix E6/E7. */
import assert from "node:assert/strict";
import { attribute, connect } from "../../src";
import { Program, temporaryFolder } from "../support/command-line";
import { type Gateway, startGateway } from "../support/gateway";
import { type JavaMeter, needsJava, readWithJava, startJavaMeter } from "./peers";

interface Row {
  readonly value: unknown;
  readonly unit: string | null;
}

describe("dlms, the command line tool, and Gurux meters", function () {
  this.timeout(60_000);
  const environment = { DLMS_STATE_DIR: temporaryFolder() };
  let program: Program;
  let hdlc: JavaMeter;
  let wrapper: JavaMeter;
  let other: JavaMeter;
  let gateway: Gateway;

  before(async function () {
    needsJava(this);
    program = new Program();
    hdlc = await startJavaMeter({ framing: "HDLC" });
    wrapper = await startJavaMeter({ framing: "WRAPPER" });
    other = await startJavaMeter({ framing: "WRAPPER", password: "other-17" });
    gateway = await startGateway({ devices: { "12345678": wrapper.port, "87654321": other.port } });
  });
  after(async () => {
    await gateway?.close();
    for (const meter of [hdlc, wrapper, other]) await meter?.close();
  });

  it("tests the connection over HDLC with a password", async () => {
    const args = ["test", `hdlc+tcp://127.0.0.1:${hdlc.port}`, "--client-address", "17", "--authentication", "LOW"];
    const { code, out } = await program.run(args, { ...environment, DLMS_PASSWORD: "gurux-17" });
    assert.equal(code, 0, out);
    const wrong = await program.run(args, { ...environment, DLMS_PASSWORD: "wrong" });
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /FAILED authentication/);
  });

  it("reads the values that the meter holds", async () => {
    const { code, out, err } = await program.run(
      ["read", `hdlc+tcp://127.0.0.1:${hdlc.port}`, "1.8.0", "1-0:31.7.0*255", "--json"],
      environment,
    );
    assert.equal(code, 0, err);
    assert.deepEqual(
      (JSON.parse(out) as Row[]).map(({ value, unit }) => [value, unit]),
      [
        [12345678, "Wh"],
        [-1.234, "A"],
      ],
    );
  });

  it("reads two meters behind a gateway", async () => {
    for (const [device, password] of [
      ["12345678", "gurux-17"],
      ["0x3837363534333231", "other-17"],
    ] as const) {
      const { code, out, err } = await program.run(
        [
          ...["read", `127.0.0.1:${gateway.port}`, "1.8.0", "--json", "--gateway-network", "1"],
          ...["--gateway-device", device, "--client-address", "17", "--authentication", "LOW"],
        ],
        { ...environment, DLMS_PASSWORD: password },
      );
      assert.equal(code, 0, err);
      assert.equal((JSON.parse(out) as Row[])[0]?.value, 12345678);
    }
    assert.deepEqual([...new Set(gateway.requests)], ["e6 1 12345678", "e6 1 87654321"]);
  });

  it("speaks the prefix that Gurux' own client speaks to the same gateway", async () => {
    const report = await readWithJava({
      ...{ port: gateway.port, framing: "WRAPPER", read: "3/1.0.1.8.0.255/2" },
      ...{ "gateway-network": 1, "gateway-device": "12345678" },
    });
    assert.ok(report.associated, JSON.stringify([report, gateway.requests.slice(-3)]));
    assert.equal(gateway.requests.at(-1), "e6 1 12345678");
  });

  it("reads a long value in blocks through the gateway", async () => {
    const client = await connect({
      transport: { kind: "tcp", host: "127.0.0.1", port: gateway.port },
      client: { sap: 16 },
      server: { logical: 1 },
      association: { maxPduSize: 200 },
      gateway: { network: 1, device: "12345678" },
    });
    try {
      const { value } = await client.read(attribute("DATA", "0.0.96.50.0.255", "value"));
      assert.equal(String(value).length, 4800);
    } finally {
      await client.close();
    }
  });
});
