import assert from "node:assert/strict";
import {
  attribute,
  type ConnectOptions,
  createClient,
  connect,
  createMeter,
  decodeApdu,
  decodeData,
  decodeFrame,
  describeClass,
  describeObis,
  describeUnit,
  DlmsConfigError,
  fileCounterStore,
  findAddress,
  findClass,
  householdDefinition,
  keyFingerprint,
  memoryCounterStore,
  method,
  parseSystemTitle,
  testConnection,
} from "../../../../src";
import { bench, number, register, registerRef } from "../../../support/meters";

/** Calls a function as a program without types does. */
const loose = <T>(value: T): ((...args: unknown[]) => unknown) => value as (...args: unknown[]) => unknown;

const isConfigError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DlmsConfigError, String(error));
  assert.match(error.message, message);
  return true;
};

/** What is hard to show: neither JSON nor String can be had of it, or not without an exception. */
const circular: { self?: unknown } = {};
circular.self = circular;
const strange: readonly unknown[] = [
  1n,
  Symbol("strange"),
  circular,
  Object.create(null),
  {
    toString: () => {
      throw new Error("toString");
    },
  },
  null,
  undefined,
  new Date(Number.NaN),
  () => 1,
];

const options = (change: object): ConnectOptions => ({
  transport: createMeter({ associations: [{ client: 16 }], objects: [register("1.0.1.8.0.255", 1)] }).transport(),
  client: { sap: 16 },
  server: { logical: 1 },
  ...change,
});

describe("arguments that cannot be", () => {
  const { client, meter } = bench();
  const call = (
    name: "read" | "readMany" | "write" | "invoke" | "profile" | "on" | "open" | "browse",
    ...args: unknown[]
  ) => (client[name] as unknown as (...args: unknown[]) => unknown).apply(client, args);
  const ref = registerRef(0);

  const rejected: readonly (readonly [string, () => unknown, RegExp])[] = [
    ["read nothing", () => call("read", undefined), /^ref: expected \{ classId/],
    [
      "read without an attribute",
      () => call("read", { classId: 3, logicalName: "1.0.1.8.0.255" }),
      /^ref\.attributeId: /,
    ],
    ["read without a name", () => call("read", { classId: 3, attributeId: 2 }), /OBIS/],
    ["readMany null", () => call("readMany", null), /^refs: expected a list/],
    ["readMany of null", () => call("readMany", [null]), /^ref: /],
    ["invoke null", () => call("invoke", null), /^ref: /],
    ["invoke without a method", () => call("invoke", { classId: 3, logicalName: "1.0.1.8.0.255" }), /^ref\.methodId: /],
    [
      "invoke with a value of unknown type",
      () => call("invoke", { ...ref, methodId: 99 }, 5),
      /leaves the type of this method open; give \{type, value\}/,
    ],
    ["write null", () => call("write", null, number(1)), /^ref: /],
    ["write no value", () => call("write", ref, null), /leaves the type of this attribute open; give \{type, value\}/],
    ["signal", () => call("read", ref, { signal: {} }), /^signal: expected an AbortSignal/],
    ["options null", () => call("read", ref, null), /^options: /],
    ["dates", () => call("read", ref, { dates: "never" }), /^dates: expected one of iso/],
    ...["abc", -5, Number.NaN, 1e12].map(
      (timeoutMs) =>
        [`timeoutMs ${timeoutMs}`, () => call("open", { timeoutMs }), /^timeoutMs: expected milliseconds/] as const,
    ),
    ["browse", () => call("browse", { timeoutMs: "1" }), /^timeoutMs: /],
    ["connect without options", () => loose(connect)(), /^options: /],
    ["connect auth null", () => connect(options({ auth: null })), /^auth: expected an object/],
    ["connect logger {}", () => connect(options({ logger: {} })), /^logger\.debug: expected a function/],
    ["findAddress of nothing", () => collect(loose(findAddress)({}, {})), /^transport: missing/],
    [
      "findAddress without a list",
      () => collect(loose(findAddress)({ ...options({}), candidates: 5 })),
      /^candidates: expected a list/,
    ],
    [
      "findAddress with a number",
      () => collect(loose(findAddress)({ ...options({}), link: { kind: "hdlc" }, serialNumber: 5 })),
      /^serialNumber: expected a text/,
    ],
    ["findAddress", () => collect(loose(findAddress)(undefined, {})), /^options: /],
    [
      "testConnection",
      () => collect(loose(testConnection)(options({}), { timeoutMs: 1e12 })),
      /^timeoutMs: expected milliseconds/,
    ],
  ];
  for (const [name, run, message] of rejected) {
    it(`rejects: ${name}`, async () => {
      await assert.rejects(async () => {
        await run();
      }, isConfigError(message));
      assert.equal(meter.counters.connections, 0);
    });
  }

  const thrown: readonly (readonly [string, () => unknown, RegExp])[] = [
    ["profile all", () => call("profile", "1.0.99.1.0.255", "all"), /^range: expected/],
    ["profile entries", () => call("profile", "1.0.99.1.0.255", { entries: 5 }), /^range\.entries: /],
    ["profile bigint", () => call("profile", "1.0.99.1.0.255", { last: 5n }), /^range\.last: /],
    ["on nonsense", () => call("on", "nonsense", () => undefined), /^event: expected one of state/],
    ["on without a listener", () => call("on", "state", 5), /^listener: expected a function/],
    ["attribute()", () => loose(attribute)(), /^object type: /],
    ["attribute(null)", () => loose(attribute)(null, "1.0.1.8.0.255", 2), /^object type: /],
    ["attribute true", () => loose(attribute)("REGISTER", "1.0.1.8.0.255", true), /^attribute: expected/],
    ["method true", () => loose(method)("REGISTER", "1.0.1.8.0.255", true), /^method: expected/],
    ["decodeData", () => loose(decodeData)(), /^bytes: expected bytes or hex/],
    ["decodeApdu", () => loose(decodeApdu)(5), /^bytes: /],
    ["decodeFrame", () => loose(decodeFrame)(undefined, "hdlc"), /^bytes: /],
    ["decodeFrame modbus", () => loose(decodeFrame)("7e", "modbus"), /^link: expected one of hdlc, wrapper/],
    ["createMeter null", () => loose(createMeter)({ associations: [{ client: 1 }], objects: [] }, null), /^options: /],
    ["findClass", () => loose(findClass)(undefined), /^object type: expected a name or a class id, got undefined/],
    ["describeObis", () => loose(describeObis)("1.0.1.8.0.255", null), /^options: expected an object, got null/],
    ["describeUnit", () => loose(describeUnit)(Symbol("Wh")), /^unit code: expected a number/],
    ["describeClass", () => loose(describeClass)(circular), /^class id: expected a number/],
    ["parseSystemTitle", () => loose(parseSystemTitle)(null), /^systemTitle: expected 8 bytes .*, got null/],
    [
      "fileCounterStore",
      () => loose(fileCounterStore)(undefined),
      /^security\.invocationCounter: expected a file path/,
    ],
    ["keyFingerprint", () => loose(keyFingerprint)("title", "a key"), /^systemTitle: missing/],
    [
      "clock",
      () => createClient({ ...options({}), clock: 1n as never }),
      /^clock: expected an object with the methods/,
    ],
    [
      "counterSource null",
      () =>
        createClient(
          options({
            client: { sap: 1, systemTitle: new Uint8Array(8) },
            security: {
              suite: 0,
              policy: "authenticated-encrypted",
              encryptionKey: new Uint8Array(16),
              authenticationKey: new Uint8Array(16),
              invocationCounter: memoryCounterStore(),
              counterSource: null,
            },
          }),
        ),
      /^security\.counterSource: expected/,
    ],
    ["createMeter", () => loose(createMeter)(), /^definition: /],
    ["createMeter empty", () => loose(createMeter)({}), /^definition\.associations: /],
    [
      "mistyped time-out",
      () => createClient(options({ timeouts: { respons: 5 } })),
      /^timeouts\.respons: expected one of/,
    ],
    ["long time-out", () => createClient(options({ timeouts: { response: 1e12 } })), /^timeouts\.response: /],
    ["mistyped quirk", () => createClient(options({ quirks: { noLists: true } })), /^quirks\.noLists: /],
    ["security null", () => createClient(options({ security: null })), /^security: /],
    [
      "conformance without a service",
      () => createClient(options({ association: { conformance: [] } })),
      /^association\.conformance: expected names of services, at least one/,
    ],
    ["secret true", () => createClient(options({ auth: { mechanism: "lls", secret: true } })), /^auth\.secret: /],
  ];
  for (const [name, run, message] of thrown) {
    it(`throws: ${name}`, () => {
      assert.throws(run, isConfigError(message));
    });
  }

  it("closes whatever bound is given", async () => {
    const other = bench();
    await other.clock.runUntil(other.client.read(registerRef(0)));
    await other.clock.runUntil(
      (other.client.close as (o: unknown) => Promise<void>).call(other.client, { timeoutMs: "x" }),
    );
    assert.equal(other.client.state, "closed");
  });

  it("accepts the household definition unchanged", () => {
    createMeter(householdDefinition());
  });
});

async function collect(items: unknown): Promise<void> {
  for await (const _ of items as AsyncIterable<unknown>) continue;
}

describe("an argument that cannot be shown", () => {
  for (const [at, value] of strange.entries()) {
    it(`is refused with its path all the same (${at})`, async () => {
      for (const [path, transport] of [
        ["transport.kind", { kind: value }],
        ["transport.port", { kind: "tcp", host: "meter", port: value }],
        ["transport.baudRate", { kind: "serial", path: "/dev/null", baudRate: value }],
        ["transport.host", { kind: "tcp", host: value, port: 4059 }],
        ["transport.open", { open: typeof value === "function" ? 5 : value }],
      ] as const) {
        assert.throws(
          () => createClient({ ...options({}), transport: transport as never }),
          isConfigError(RegExp(`^${path}: `)),
        );
      }
      await assert.rejects(
        async () => collect(loose(findAddress)({ transport: value }, {})),
        isConfigError(/^transport/),
      );
    });

    it(`does not make close() reject when it is given as its time (${at})`, async () => {
      const one = bench();
      await one.clock.runUntil(one.client.open());
      await one.clock.runUntil(one.client.close({ timeoutMs: value as number }));
      assert.deepEqual([one.client.state, one.meter.counters.openConnections, one.clock.pending], ["closed", 0, 0]);
    });
  }
});
