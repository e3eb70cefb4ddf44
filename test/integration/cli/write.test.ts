/** `dlms write`: switches, types, reading back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createMeter, type DlmsValue, type SimulatedMeter } from "../../../src/index";
import { commandLine, errorOf, temporaryFolder } from "../../support/command-line";

const environment = { DLMS_STATE_DIR: join(temporaryFolder(), "state") };

describe("command line: write", () => {
  let meter: SimulatedMeter;
  let target = "";
  let calls: (DlmsValue | undefined)[] = [];
  let close: () => Promise<void> = () => Promise.resolve();

  beforeEach(async () => {
    calls = [];
    const call = (argument: DlmsValue | undefined): DlmsValue => {
      calls.push(argument);
      return { type: "null-data", value: null };
    };
    const scaler: DlmsValue = {
      type: "structure",
      value: [
        { type: "integer", value: -1 },
        { type: "enum", value: 35 },
      ],
    };
    meter = createMeter({
      associations: [{ client: 16 }],
      objects: [
        {
          classId: 3,
          logicalName: "1.0.32.7.0.255",
          attributes: { 2: { type: "long-unsigned", value: 2300 }, 3: scaler },
          writable: [2],
        },
        { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: { type: "visible-string", value: "A" } } },
        {
          classId: 7,
          logicalName: "1.0.99.1.0.255",
          attributes: { 4: { type: "double-long-unsigned", value: 900 } },
          writable: [4],
          methods: { 1: call },
        },
        {
          classId: 70,
          logicalName: "0.0.96.3.10.255",
          attributes: { 2: { type: "boolean", value: true } },
          methods: { 1: call },
        },
      ],
    });
    const listener = await meter.listen();
    close = () => listener.close();
    target = `127.0.0.1:${listener.port}`;
  });
  afterEach(() => close());

  const write = (...args: readonly string[]) => commandLine(["write", target, ...args], { environment });
  const sent = (kind: string): number =>
    meter.received.filter((item) => item.kind === "apdu" && item.apdu.apdu.startsWith(kind)).length;

  it("writes a value in its unit with the type that the meter holds, and reads it back", async () => {
    const { code, out, err } = await write("1-0:32.7.0*255", "231.5", "--yes");
    assert.equal(code, 0, err);
    assert.match(out, /^object +before +after +unit\n1-0:32\.7\.0\*255\/value +230 +231\.5 +V\n$/);
    assert.equal(sent("set-request"), 1);
    const period = await write("PROFILE_GENERIC/1-0:99.1.0/capture_period", "3600", "--yes", "--json");
    const { before, after, verified } = JSON.parse(period.out) as Record<string, unknown>;
    assert.deepEqual({ before, after, verified }, { before: 900, after: 3600, verified: true });
  });

  it("changes nothing without --yes", async () => {
    const result = await write("1-0:32.7.0*255", "231.5", "--json");
    assert.equal(result.code, 2);
    assert.match(errorOf(result).message, /--yes is missing/);
    assert.equal(meter.counters.connections, 0);
  });

  const misfits = [
    ["1-0:32.7.0*255", "231.55"],
    ["1-0:32.7.0*255", "100000"],
    ["1-0:32.7.0*255", "abc"],
    ["1-0:32.7.0*255", "5", "--data-type", "nonsense"],
    ["PROFILE_GENERIC/1-0:99.1.0/capture_period", "-1"],
  ];
  for (const args of misfits) {
    it(`refuses ${args.join(" ")}, which does not fit`, async () => {
      const [object = "", value = "", ...options] = args;
      const result = await write("--yes", "--json", ...options, "--", object, value);
      assert.equal(result.code, 2, result.err);
      assert.equal(errorOf(result).code, "DLMS_CONFIG_INVALID");
      assert.equal(sent("set-request"), 0);
    });
  }

  it("reports the refusal of the meter with exit code 1", async () => {
    const result = await write("DATA/0-0:96.1.0*255", "B", "--yes", "--json");
    assert.equal(result.code, 1);
    assert.match(errorOf(result).code, /^DLMS_ACCESS_/);
  });

  it("reports a meter that confirms a write and keeps its value", async () => {
    meter.use({
      name: "forgetful",
      // set-response-normal: success
      request: (apdu, bytes) =>
        apdu.apdu === "set-request-normal" ? [Uint8Array.of(0xc5, 0x01, bytes[2] ?? 0, 0x00)] : undefined,
    });
    const { code, err } = await write("1-0:32.7.0*255", "231.5", "--yes");
    assert.equal(code, 1);
    assert.match(err, /the meter holds another value: 230/);
  });

  it("calls a method, and a dangerous one with a second switch only", async () => {
    const breaker = ["--method", "DISCONNECT_CONTROL/0-0:96.3.10/remote_disconnect"];
    const reset = ["--method", "7/1-0:99.1.0/reset"];
    for (const method of [breaker, reset]) {
      const result = await write(...method, "--yes", "--json");
      assert.equal(result.code, 2);
      assert.match(errorOf(result).message, /--dangerous is missing/);
    }
    assert.equal(meter.counters.connections, 0);
    const { code, out } = await write(...breaker, "--yes", "--dangerous");
    assert.equal(code, 0);
    assert.match(out, /method 1 was executed/);
    assert.equal(calls.length, 1);
  });
});
