/** Every data type written by our client: Gurux' meter returns it, and Gurux' client reads it from our simulated meter. */
import assert from "node:assert/strict";
import {
  attribute,
  connect,
  createMeter,
  type DataType,
  type DlmsClient,
  type DlmsValue,
  encodeDateTime,
  setClock,
  toDlmsValue,
  toHex,
} from "../../src";
import { encodeValueBytes } from "../../src/codec";
import { type JavaMeter, needsJava, type PeerReport, readWithJava, startJavaMeter } from "./peers";

interface Written {
  readonly value: unknown;
  readonly type: DataType;
  /** as Gurux' client reports it */
  readonly read: unknown;
}

const written: readonly Written[] = [
  { value: true, type: "boolean", read: true },
  { value: "10100101", type: "bit-string", read: "10100101" },
  { value: -2147483648, type: "double-long", read: "-2147483648" },
  { value: 4294967295, type: "double-long-unsigned", read: "4294967295" },
  { value: { hex: "00ff80" }, type: "octet-string", read: "00ff80" },
  { value: "Visible 42", type: "visible-string", read: "Visible 42" },
  { value: "Größe 42", type: "utf8-string", read: "Größe 42" },
  { value: -128, type: "integer", read: "-128" },
  { value: -32768, type: "long", read: "-32768" },
  { value: 255, type: "unsigned", read: "255" },
  { value: 65535, type: "long-unsigned", read: "65535" },
  { value: "-9223372036854775808", type: "long64", read: "-9223372036854775808" },
  { value: "18446744073709551615", type: "long64-unsigned", read: "18446744073709551615" },
  { value: 7, type: "enum", read: "7" },
  { value: 230.5, type: "float32", read: "230.5" },
  { value: -0.125, type: "float64", read: "-0.125" },
];

const places = ["0.0.96.1.0.255", "0.0.42.0.0.255", "0.0.96.50.0.255"] as const;

/** One by one: Gurux' server answers a SET with list without its results. */
async function writeAll(client: DlmsClient, part: readonly Written[]): Promise<void> {
  for (const [i, { value, type }] of part.entries()) {
    await client.write(attribute("DATA", places[i] ?? "", "value"), value, { type });
  }
}

const check = (report: PeerReport, part: readonly Written[]): void => {
  assert.equal(report.associated, true, report.error);
  part.forEach(({ read, type }, i) => {
    assert.deepEqual(report.values[`1/${places[i] ?? ""}/2`], read, `${type}: ${JSON.stringify(report)}`);
  });
};

function parts(): readonly (readonly Written[])[] {
  const made: Written[][] = [];
  for (let at = 0; at < written.length; at += places.length) made.push(written.slice(at, at + places.length));
  return made;
}

function encoded({ value, type }: Written): Uint8Array {
  return encodeValueBytes(toDlmsValue(value, type));
}

for (const framing of ["WRAPPER", "HDLC"] as const) {
  const link = framing === "HDLC" ? ({ link: { kind: "hdlc" } } as const) : {};

  describe(`every data type written over ${framing} to the Gurux meter`, function () {
    this.timeout(120_000);
    let meter: JavaMeter | undefined;
    let client: DlmsClient | undefined;

    before(async function () {
      needsJava(this);
      meter = await startJavaMeter({ framing });
    });
    afterEach(async () => {
      await client?.close();
    });
    after(async () => {
      await meter?.close();
    });

    const to = (port: number): Promise<DlmsClient> =>
      connect({
        transport: { kind: "tcp", host: "127.0.0.1", port },
        client: { sap: 16 },
        server: { logical: 1 },
        timeouts: { response: 20_000 },
        ...link,
      });

    // each connection to this meter has objects of its own, so the same client reads back what Gurux' server holds
    it("leaves the object list unchanged", async () => {
      assert.ok(meter !== undefined);
      client = await to(meter.port);
      const names = async (): Promise<string[]> =>
        ((await client?.browse())?.objects ?? []).map(({ classId, logicalName }) => `${classId}/${logicalName}`);
      const before = await names();
      assert.ok(before.length > 100);
      await writeAll(client, written.slice(0, 1));
      assert.deepEqual(await names(), before);
      await client.close();
    });

    // Gurux' server keeps every text as a Java String, which it returns as visible-string, and cannot return a
    // BigInteger that was written
    for (const one of written.filter(({ type }) => type !== "utf8-string" && type !== "long64-unsigned")) {
      // a Data object of this meter keeps the type of its first write as long as the connection
      it(`comes back with its type: ${one.type}`, async () => {
        assert.ok(meter !== undefined);
        client = await to(meter.port);
        await client.write(attribute("DATA", places[0], "value"), one.value, { type: one.type });
        const { raw } = await client.read(attribute("DATA", places[0], "value"));
        await client.close();
        assert.equal(toHex(raw), toHex(encoded(one)));
      });
    }

    it("includes the clock", async () => {
      assert.ok(meter !== undefined);
      client = await to(meter.port);
      await client.write(attribute("CLOCK", "0.0.1.0.0.255", "time"), encodeDateTime(new Date(Date.now() - 20_000)));
      const { way, correctionMs, verified } = await setClock(client, { ways: ["set"], capturePeriod: 0 });
      await client.close();
      assert.deepEqual({ way, verified }, { way: "set", verified: true });
      assert.ok(correctionMs > 15_000);
    });
  });

  describe(`every data type written over ${framing} to our simulated meter`, function () {
    this.timeout(120_000);

    it("is read back by Gurux' own client", async function () {
      needsJava(this);
      for (const part of parts()) {
        const meter = createMeter({
          framing,
          associations: [{ client: 16 }],
          objects: part.map(({ value, type }, i) => ({
            classId: 1,
            logicalName: places[i] ?? "",
            attributes: { 2: zeroLike(toDlmsValue(value, type)) },
            writable: [2],
          })),
        });
        const listener = await meter.listen();
        const client = await connect({
          transport: { kind: "tcp", host: "127.0.0.1", port: listener.port },
          client: { sap: 16 },
          server: { logical: 1 },
          ...link,
        });
        try {
          await writeAll(client, part);
          await client.close();
          check(
            await readWithJava({
              port: listener.port,
              framing,
              read: part.map((_, i) => `1/${places[i] ?? ""}/2`).join(","),
            }),
            part,
          );
        } finally {
          await client.close();
          await listener.close();
        }
      }
    });
  });
}

/** Another value of the same type, which the meter holds before. */
function zeroLike(value: DlmsValue): DlmsValue {
  if (typeof value.value === "number") return { ...value, value: 0 };
  if (typeof value.value === "bigint") return { ...value, value: 0n };
  if (typeof value.value === "boolean") return { type: "boolean", value: false };
  if (typeof value.value === "string") return { ...value, value: "" };
  return { type: "octet-string", value: new Uint8Array(1) };
}
