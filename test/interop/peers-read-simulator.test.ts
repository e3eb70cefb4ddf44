/** Foreign clients read the simulated meter. */
import assert from "node:assert/strict";
import { createMeter } from "../../src";
import type { SimulatedMeter } from "../../src";
import { type PeerReport, needsJava, needsPython, readWithDlmsCosem, readWithGuruxPython, readWithJava } from "./peers";

/** Our simulated meter read by other implementations, each in a separate process. */
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const longText = "simulated meter ".repeat(250);

function meterOf(framing: "WRAPPER" | "HDLC"): SimulatedMeter {
  const register = (logicalName: string, value: number, scaler: number, unit: number) => ({
    classId: 3,
    logicalName,
    attributes: {
      2: { type: "double-long-unsigned", value },
      3: {
        type: "structure",
        value: [
          { type: "integer", value: scaler },
          { type: "enum", value: unit },
        ],
      },
    } as const,
  });
  return createMeter({
    framing,
    associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: "simulated-17" }],
    objects: [
      register("1.0.1.8.0.255", 12345678, 0, 30),
      register("1.0.32.7.0.255", 2305, -1, 35),
      {
        classId: 1,
        logicalName: "0.0.96.1.0.255",
        attributes: { 2: { type: "octet-string", value: ascii("SIM-0042") } },
      },
      {
        classId: 1,
        logicalName: "0.0.96.50.0.255",
        attributes: { 2: { type: "octet-string", value: ascii(longText) } },
      },
      { classId: 1, logicalName: "0.0.96.15.0.255", attributes: { 2: { type: "long", value: -1234 } } },
      {
        classId: 1,
        logicalName: "0.0.96.15.1.255",
        attributes: { 2: { type: "long64-unsigned", value: 9007199254740993n } },
      },
      { classId: 1, logicalName: "0.0.96.15.2.255", attributes: { 2: { type: "unsigned", value: 1 } }, denied: [2] },
      {
        classId: 8,
        logicalName: "0.0.1.0.0.255",
        attributes: {
          2: { type: "octet-string", value: Uint8Array.from(Buffer.from("07ea0101040c1e0000ffc400", "hex")) },
        },
      },
    ],
  });
}

const read = [
  "3/1.0.1.8.0.255/2",
  "3/1.0.1.8.0.255/3",
  "3/1.0.32.7.0.255/2",
  "1/0.0.96.1.0.255/2",
  "1/0.0.96.50.0.255/2",
  "1/0.0.96.15.0.255/2",
  "1/0.0.96.15.1.255/2",
  "1/0.0.96.15.2.255/2",
  "8/0.0.1.0.0.255/2",
];

function check(report: PeerReport): void {
  assert.equal(report.associated, true, report.error);
  assert.deepEqual(report.values, {
    "3/1.0.1.8.0.255/2": "12345678",
    "3/1.0.1.8.0.255/3": ["0", "30"],
    "3/1.0.32.7.0.255/2": "2305",
    "1/0.0.96.1.0.255/2": Buffer.from("SIM-0042").toString("hex"),
    "1/0.0.96.50.0.255/2": Buffer.from(longText).toString("hex"),
    "1/0.0.96.15.0.255/2": "-1234",
    "1/0.0.96.15.1.255/2": "9007199254740993",
    "8/0.0.1.0.0.255/2": "07ea0101040c1e0000ffc400",
  });
  assert.deepEqual(Object.keys(report.errors), ["1/0.0.96.15.2.255/2"]);
}

for (const framing of ["WRAPPER", "HDLC"] as const) {
  describe(`other clients read our simulated meter over ${framing}`, function () {
    let listener: { port: number; close(): Promise<void> };
    this.timeout(60_000);

    before(async () => {
      listener = await meterOf(framing).listen();
    });
    after(async () => {
      await listener.close();
    });

    it("Gurux for Java, client 16", async function () {
      needsJava(this);
      check(await readWithJava({ port: listener.port, framing, read: read.join(",") }));
    });

    it("Gurux for Java, client 17 with password", async function () {
      needsJava(this);
      check(
        await readWithJava({
          port: listener.port,
          framing,
          client: 17,
          mechanism: "LOW",
          password: "simulated-17",
          read: read.join(","),
        }),
      );
    });

    it("Gurux for Java is refused with a wrong password", async function () {
      needsJava(this);
      const report = await readWithJava({
        port: listener.port,
        framing,
        client: 17,
        mechanism: "LOW",
        password: "not-this",
        read: "",
      });
      assert.equal(report.associated, false);
      assert.match(report.error ?? "", /Authentication failure/);
    });

    it("Gurux for Java reads a list in one request", async function () {
      needsJava(this);
      const report = await readWithJava({
        port: listener.port,
        framing,
        list: true,
        read: "3/1.0.1.8.0.255/2,3/1.0.32.7.0.255/2",
      });
      assert.deepEqual(report.values.list, ["12345678", "2305"]);
    });

    it("Gurux for Python, client 16", async function () {
      needsPython(this);
      check(await readWithGuruxPython({ port: listener.port, framing, read }));
    });

    if (framing === "WRAPPER") {
      it("dlms-cosem 21.3.2, client 16", async function () {
        needsPython(this);
        check(await readWithDlmsCosem({ port: listener.port, read }));
      });
    }
  });
}
