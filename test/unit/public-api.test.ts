import assert from "node:assert/strict";
import * as api from "../../src/index";
import type {
  AddressTrial,
  Apdu,
  AssociationInfo,
  AssociationOptions,
  AttributeName,
  AttributeRef,
  BrowseOptions,
  ClassName,
  ConnectionStep,
  ConnectOptions,
  DlmsClient,
  DlmsValue,
  ErrorJson,
  Frame,
  InvocationCounterStore,
  Logger,
  MeterDefinition,
  MethodRef,
  ObisLike,
  ObjectDirectory,
  OperationOptions,
  Outcome,
  ProfileRange,
  ProfileReader,
  ProfileRow,
  Quirks,
  Reading,
  ReadOptions,
  SimulatedMeter,
  Timeouts,
  Transport,
  Unsubscribe,
} from "../../src/index";

/** What flows and programs name; the compiler looks for each. */
interface Named {
  readonly client: [DlmsClient, ConnectOptions, OperationOptions, ReadOptions, BrowseOptions, AssociationOptions];
  readonly settings: [Timeouts, Quirks, Logger, InvocationCounterStore, Transport, AssociationInfo, Unsubscribe];
  readonly references: [AttributeRef, MethodRef, ClassName, AttributeName, ObisLike];
  readonly results: [Reading, Outcome, DlmsValue, ObjectDirectory, ProfileRange, ProfileReader, ProfileRow, ErrorJson];
  readonly tools: [Apdu, Frame, AddressTrial, ConnectionStep, MeterDefinition, SimulatedMeter];
}

describe("public API", () => {
  it("has the functions that programs call", () => {
    const functions: readonly (keyof typeof api)[] = [
      "connect",
      "attribute",
      "method",
      "fileCounterStore",
      "decodeData",
      "decodeApdu",
      "decodeFrame",
      "findAddress",
      "testConnection",
      "createMeter",
      "isDlmsError",
    ];
    for (const name of functions) assert.equal(typeof api[name], "function", name);
  });

  it("takes every spelling of class, object and attribute", () => {
    const names = (cls: ClassName | number, obis: ObisLike, attribute: AttributeName | number): AttributeRef =>
      api.attribute(cls, obis, attribute);
    const expected: Named["references"][0] = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 };
    assert.deepEqual(names("REGISTER", "1-0:1.8.0*255", "value"), expected);
    assert.deepEqual(names("register", "1-0:1.8.0", 2), expected);
    assert.deepEqual(names(3, "0100010800ff", "value"), expected);
  });
});
