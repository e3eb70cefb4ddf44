import assert from "node:assert/strict";
import { editorClasses } from "../../nodes/admin/table-routes";
import { ReadChecks } from "../../nodes/dlms-read/editor/checks";
import { rangeProblem, timesProblem } from "../../nodes/dlms-read/editor/range";
import { t } from "../../nodes/dlms-read/editor/texts";
import { EditedProperties } from "../../nodes/editor/values";
import { attribute, listClasses } from "../../src";

type Validator = (this: object, value: unknown, opt: object) => true | string;

const scripted = globalThis as unknown as { RED?: object; $?: object };

/** The checks as the editor runs them, while no dialog is open. */
const checks = new ReadChecks(new EditedProperties("#node-input-"));
const points = checks.points as Validator;
const objectType = checks.objectType as Validator;
const attributeId = checks.attributeId as Validator;

/** A text is its key and values. */
function useEditor(): void {
  scripted.RED = {
    _: (key: string, values: object = {}) => [key.split(".").pop(), ...Object.values(values).map(String)].join(" "),
  };
  scripted.$ = () => ({ length: 0 });
}
function leaveEditor(): void {
  delete scripted.RED;
  delete scripted.$;
}

const check = (...list: object[]): true | string => points.call({ mode: "list" }, list, {});

describe("the dialog's check of a list of values", () => {
  before(useEditor);
  after(leaveEditor);
  it("accepts distinct names, and values without a name", () => {
    const codes = ["1-0:32.7.0*255", "1-0:52.7.0*255"].map((logicalName) => ({ logicalName }));
    assert.equal(check(...codes), true);
    assert.equal(check({ ...codes[0], name: "constructor" }, { ...codes[1], name: "toString" }), true);
    assert.equal(check({ logicalName: "0-0:1.0.0*255" }, { logicalName: "0-0:1.0.0*255", attributeId: "3" }), true);
    assert.equal(check({ logicalName: "${CODE}" }, { logicalName: "${CODE}" }), true, "known when it is deployed");
  });

  it("reports a duplicate name, also a generated one", () => {
    assert.equal(
      check({ logicalName: "1-0:32.7.0", name: "L" }, { logicalName: "1-0:52.7.0", name: "L" }),
      "row 2 duplicate L",
    );
    for (const logicalName of ["1-0:32.7.0*255", "1-0:32.7.0", "1.0.32.7.0.255", "0100200700ff", "1.0.32.7.0"]) {
      assert.equal(
        check({ logicalName: "1-0:32.7.0*255" }, { logicalName, attributeId: "2" }),
        "row 2 duplicate 1.0.32.7.0.255/2",
        logicalName,
      );
    }
  });

  it("names the row without a code", () => {
    assert.match(String(check({ logicalName: "1-0:32.7.0" }, { logicalName: "1-0:foo" })), /^row 2 /);
  });

  const of = (type: unknown, attributeOf: unknown = 2): true | string =>
    check({ logicalName: "1-0:32.7.0*255", objectType: type, attributeId: attributeOf });

  describe("with the class table, as in an open dialog", () => {
    before(() => {
      checks.useClasses(editorClasses());
    });
    after(() => {
      checks.useClasses([]);
    });

    it("accepts each name of each class that the node accepts", () => {
      for (const { id, name, attributes } of listClasses()) {
        assert.equal(of(name), true, name);
        for (const one of attributes) {
          assert.equal(attribute(id, "1-0:32.7.0*255", one.name).classId, id);
          assert.equal(of(name.toLowerCase(), one.name), true, `${name} ${one.name}`);
          assert.equal(of(String(id), one.name.toUpperCase().replace(/_/g, " ")), true, `${id} ${one.name}`);
        }
      }
    });

    it("names the type or attribute that the node would refuse", () => {
      for (const good of ["", undefined, "Extended register", "0", "65535", 8192, "${TYPE}"]) {
        assert.equal(of(good), true, String(good));
      }
      for (const bad of ["REGISTR", "65536", "-1", "3.5", "constructor", "0x3"]) {
        assert.equal(of(bad), "row 1 objectType", bad);
      }
      for (const good of ["", "-128", "-1", "1", "127", 3, "scaler_unit", "Scaler unit", "${ATTRIBUTE}"]) {
        assert.equal(of("REGISTER", good), true, String(good));
      }
      for (const bad of ["0", "128", "-129", "2.5", "1e2", "?"]) {
        assert.equal(of("REGISTER", bad), "row 1 attributeId", bad);
      }
      assert.equal(of("REGISTER", "time"), "row 1 noAttribute Register time");
      assert.equal(of("", "time"), "row 1 noAttribute Register time", "the type that is the default");
      assert.equal(of("8192", "time"), "row 1 noAttribute 8192 time", "of a class that nobody knows, a number");
      assert.equal(of("${TYPE}", "time"), true, "known when it is deployed");
    });
  });

  it("judges names by their form while it has no class table", () => {
    assert.equal(of("ANYTHING", "at_all"), true);
    assert.equal(of("any?", 2), "row 1 objectType");
    assert.equal(of("3", "at all!"), "row 1 attributeId");
    const single = { mode: "attribute" };
    for (const [value, expected] of [
      ["REGISTER", true],
      ["-5", "objectType"],
    ] as const) {
      assert.equal(objectType.call(single, value, {}), expected);
    }
    for (const [value, expected] of [
      ["value", true],
      ["-500", "attributeId"],
    ] as const) {
      assert.equal(attributeId.call(single, value, {}), expected);
    }
  });
});

describe("the dialog's check of a range, and its singular forms", () => {
  before(useEditor);
  after(leaveEditor);
  it("accepts an end after its beginning, in any offsets, and refuses one before it", () => {
    assert.equal(timesProblem("2026-02-01", ""), "");
    assert.equal(timesProblem("2026-01-31T00:00", "2026-02-01"), "");
    assert.equal(timesProblem("2026-02-01", "2026-01-31T00:00"), "order");
    assert.equal(timesProblem("2026-01-01T02:00+05:00", "2026-01-01T00:00Z"), "");
    assert.equal(timesProblem("2026-01-01T00:00Z", "2026-01-01T02:00+05:00"), "order");
    assert.equal(timesProblem("2026-01-01T02:00", "2026-01-01T00:00Z"), "", "known to the meter alone");
  });

  it("accepts days of the meter, new rows and rows after a time", () => {
    for (const range of ["today", "Yesterday", "this-month", "last-month", "new", '{"after":"2026-01-31T00:00"}']) {
      assert.equal(rangeProblem(range), "", range);
    }
    assert.equal(rangeProblem("tomorrow"), "range");
    assert.equal(rangeProblem('{"after":"soon"}'), "from");
  });

  it("uses the singular for a count of one", () => {
    assert.equal(t("palette.list", { count: 1 }), "listOne 1");
    assert.equal(t("palette.list", { count: 2 }), "list 2");
    assert.equal(t("browse.entries", { count: "1" }), "entriesOne 1");
    assert.equal(t("browse.skipped", { count: 1 }), "skipped 1");
  });
});
