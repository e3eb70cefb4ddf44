// The single object that a dlms-read node reads: its code, class and attribute.
import type { EditorClass, TablesAnswer } from "../../admin/answers";
import type { EditedNode } from "../../editor/red";
import { isEmpty, textIn } from "../../editor/values";
import type { ReadChecks } from "./checks";
import { attributeChoices, attributeIdOf, classChoices, findClass } from "../../editor/class-table";
import { dynamicTypes, type KnownCodes } from "./codes";
import type { ObjectChoice } from "./object-browser";
import { t } from "./texts";

const maxSuggestions = 30;

const field = (name: string): JQuery => $(`#node-input-${name}`);
const isAttributeMode = (): boolean => textIn(field("mode")) === "attribute";

/** The types of the field of an attribute: the attributes of a class, numbers, and other places. */
function attributeTypes(row: EditorClass | undefined, value: unknown) {
  const options = attributeChoices(row, value);
  const fromClass = { value: "str", label: t("label.attributeId"), icon: "fa fa-list-ol", options };
  return [fromClass, "num" as const, ...dynamicTypes];
}

export class AttributeFields {
  readonly #checks: ReadChecks;
  readonly #codes: KnownCodes;
  #tables: TablesAnswer = { classes: [], codes: [] };
  /** the class whose attributes are offered */
  #shown: EditorClass | undefined;

  constructor(checks: ReadChecks, codes: KnownCodes) {
    this.#checks = checks;
    this.#codes = codes;
  }

  prepare(node: EditedNode, tables: TablesAnswer): void {
    this.#tables = tables;
    this.#prepareCode();
    this.#shown = findClass(tables.classes, node.objectType);
    this.#prepareType(node);
    this.#prepareAttribute(node);
    field("objectType").on("change", () => {
      this.#typeChanged();
    });
    const code = field("logicalName");
    code
      .on("change", (_event, type: string, value: string) => {
        this.#codeChanged(type, value);
      })
      .trigger("change", [code.typedInput("type"), code.typedInput("value")]);
  }

  /** Takes over the object picked in the object browser. */
  choose(choice: ObjectChoice): void {
    field("logicalName").typedInput("type", "str");
    field("logicalName").typedInput("value", choice.logicalName);
    if (!isAttributeMode()) return;
    this.#chooseType(choice.objectType);
    field("attributeId").typedInput("type", "str");
    field("attributeId").typedInput("value", choice.attributeId);
  }

  /** A class that is not in the list is entered as a number. */
  #chooseType(objectType: string): void {
    const row = findClass(this.#tables.classes, objectType);
    field("objectType").typedInput("type", row === undefined ? "num" : "str");
    field("objectType").typedInput("value", row?.name ?? objectType);
  }

  #prepareCode(): void {
    const autoComplete = (text: string): { value: string; label: JQuery }[] => {
      const wanted = text.toLowerCase();
      return this.#codes
        .offered(this.#tables)
        .filter(({ obis, label }) => `${obis} ${label}`.toLowerCase().includes(wanted))
        .slice(0, maxSuggestions)
        .map(({ obis, label }) => {
          const words = $("<span>").css("margin-left", "10px").text(label);
          return { value: obis, label: $("<div>").append($("<code>").text(obis), words) };
        });
    };
    const fixed = { value: "str", label: t("label.obis"), icon: "fa fa-barcode", autoComplete };
    field("logicalName").typedInput({
      types: [fixed, ...dynamicTypes],
      ...{ default: "str", typeField: "#node-input-logicalNameType" },
    });
  }

  #prepareType(node: EditedNode): void {
    const isFixed = this.#checks.isFixed(node, "objectType");
    if (this.#shown !== undefined && isFixed) {
      field("objectType").val(this.#shown.name);
      field("objectTypeType").val("str");
    }
    const options = classChoices(this.#tables.classes, isFixed ? node.objectType : "");
    const fixed = { value: "str", label: t("label.objectType"), icon: "fa fa-cube", options };
    field("objectType").typedInput({
      types: [fixed, "num", ...dynamicTypes],
      ...{ default: "str", typeField: "#node-input-objectTypeType" },
    });
  }

  #prepareAttribute(node: EditedNode): void {
    const isFixed = this.#checks.isFixed(node, "attributeId");
    if (isFixed) {
      field("attributeId").val(attributeIdOf(this.#shown, isEmpty(node.attributeId) ? "2" : node.attributeId));
      if (this.#shown !== undefined) field("attributeIdType").val("str");
    }
    field("attributeId").typedInput({
      types: attributeTypes(this.#shown, isFixed ? textIn(field("attributeId")) : ""),
      ...{ default: "str", typeField: "#node-input-attributeIdType" },
    });
  }

  /** Another class has other attributes. */
  #typeChanged(): void {
    const input = field("objectType");
    const isPlain = ["str", "num"].includes(input.typedInput("type"));
    const row = isPlain ? findClass(this.#tables.classes, input.typedInput("value")) : undefined;
    if (row === this.#shown) return;
    this.#shown = row;
    const attribute = field("attributeId");
    const [type, value] = [attribute.typedInput("type"), attribute.typedInput("value")];
    const keeps = row?.attributes.some(({ id }) => String(id) === value) === true;
    attribute.typedInput("types", attributeTypes(row, row === undefined && type === "str" ? value : ""));
    attribute.typedInput("type", type);
    attribute.typedInput("value", type !== "str" || keeps || row === undefined ? value : "2");
  }

  /** A code from the list also sets its class. */
  #codeChanged(type: string, value: string): void {
    const code = this.#codes.find(this.#tables, value);
    if (code !== undefined && isAttributeMode() && field("objectType").typedInput("type") === "str") {
      this.#chooseType(code.objectType);
    }
    this.#codes.describe(type, value);
  }
}
