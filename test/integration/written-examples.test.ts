/** The messages of docs/write.md are valid requests of dlms-write. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { methodRefOf, refOf } from "../../nodes/meters/object-settings";
import {
  attributeName,
  attributeType,
  decodeData,
  encodeData,
  isWithoutArgument,
  methodArgumentType,
  toDlmsValue,
} from "../../src";

interface Message {
  readonly action?: "METHOD";
  readonly objectType: string;
  readonly logicalName: string;
  readonly attributeId?: string;
  readonly method?: string;
  readonly payload?: unknown;
  readonly value?: unknown;
}

const settings = (...values: unknown[]): { source: string; value: unknown }[] =>
  values.map((value, n) => ({ source: ["objectType", "logicalName", "member"][n] ?? "", value }));
const attributeOf = ({ objectType, logicalName, attributeId }: Message) => {
  const [type, name, member] = settings(objectType, logicalName, attributeId);
  assert.ok(type !== undefined && name !== undefined && member !== undefined);
  return refOf(type, name, member);
};
const methodOf = ({ objectType, logicalName, method }: Message) => {
  const [type, name, member] = settings(objectType, logicalName, method);
  assert.ok(type !== undefined && name !== undefined && member !== undefined);
  return methodRefOf(type, name, member);
};

const page = readFileSync(join(__dirname, "..", "..", "docs", "write.md"), "utf8");
const messages = [...page.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, text = ""]) => JSON.parse(text) as Message);

describe("docs/write.md", () => {
  it("has messages for special days, calendar, schedule, resets and push setup", () => {
    assert.deepEqual(
      [...new Set(messages.map(({ objectType }) => objectType))],
      [
        ...["SPECIAL_DAYS_TABLE", "ACTIVITY_CALENDAR", "SINGLE_ACTION_SCHEDULE"],
        ...["SCRIPT_TABLE", "DEMAND_REGISTER", "PUSH_SETUP"],
      ],
    );
  });

  for (const message of messages) {
    const { objectType, attributeId, method, payload, value } = message;
    it(`${objectType} ${attributeId ?? method}: the value has the type of the class table`, () => {
      if (message.action === "METHOD") {
        const ref = methodOf(message);
        const type = methodArgumentType(ref);
        if (value === undefined) assert.ok(type === undefined || isWithoutArgument(ref));
        else assert.ok(type !== undefined && encodeData(toDlmsValue(value, type)).length > 0);
        return;
      }
      const ref = attributeOf(message);
      assert.equal(attributeName(ref.classId, ref.attributeId), attributeId);
      const type = attributeType(ref);
      assert.ok(type !== undefined);
      const made = toDlmsValue(payload, type);
      assert.deepEqual(decodeData(encodeData(made)), made);
    });
  }

  it("encodes the special days with the year as a wildcard", () => {
    const [days] = messages;
    assert.ok(days !== undefined);
    const type = attributeType(attributeOf(days));
    assert.ok(type !== undefined);
    assert.equal(
      Buffer.from(encodeData(toDlmsValue(days.payload, type))).toString("hex"),
      "0102" + "02031200010905ffff0c19ff1102" + "0203120002090507eb031dff1102",
    );
  });
});
