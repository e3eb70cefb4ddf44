// Checks of the fields in the dlms-read dialog. An empty field means the default, so it is valid.
import type { EditorClass } from "../../admin/answers";
import { isObis, obisDotted } from "../../../src/cosem/obis";
import { type EditedNode, type Validator, validator } from "../../editor/red";
import { asText, type EditedProperties, isEmpty, isEnv } from "../../editor/values";
import { findClass, plainName } from "../../editor/class-table";
import { rangeProblem } from "./range";
import { t } from "./texts";

/** One value of a list, as the node stores it. */
export interface Point {
  readonly name?: unknown;
  readonly logicalName?: unknown;
  readonly objectType?: unknown;
  readonly attributeId?: unknown;
}

export interface PointProblem {
  readonly field: "name" | "logicalName" | "objectType" | "attributeId";
  readonly reason: string;
}

const nameForm = /^[A-Za-z][A-Za-z0-9_ /-]*$/;

/** Whether a value is an OBIS code, or names a variable that may hold one. */
export function isCode(value: unknown): boolean {
  return isEnv(value) || isObis(String(value));
}

/** The name that the node gives a value without one; undefined where a variable decides it. */
function nameOf(point: Point): string | undefined {
  if (!isEmpty(point.name)) return String(point.name);
  if (isEnv(point.logicalName) || isEnv(point.attributeId)) return undefined;
  return `${obisDotted(String(point.logicalName))}/${isEmpty(point.attributeId) ? 2 : String(point.attributeId)}`;
}

function secondsProblem(value: unknown, max: number, reason: string): string {
  if (isEmpty(value) || isEnv(value)) return "";
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 && number <= max ? "" : reason;
}

export class ReadChecks {
  readonly #properties: EditedProperties;
  /** empty until a dialog has loaded it: then a name is judged by its form */
  #classes: readonly EditorClass[] = [];

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  /** The dialog has loaded the class table. */
  useClasses(classes: readonly EditorClass[]): void {
    this.#classes = classes;
  }

  /** Whether the node holds the property's value, and not the message or a context. */
  isFixed(node: EditedNode, name: string): boolean {
    return ["", "str", "num"].includes(this.#properties.text(node, `${name}Type`));
  }

  readonly obis = this.#fixedOfObject("logicalName", (value) =>
    isEmpty(value) || isCode(value) ? "" : t("error.obis"),
  );
  readonly objectType = this.#fixedOfObject("objectType", (value) => this.#typeProblem(value));
  readonly attributeId = this.#fixedOfObject("attributeId", (value) => this.#attributeProblem(value));
  readonly range = this.#fixedOfProfile("range", rangeProblem);
  readonly columns = this.#fixedOfProfile("columns", (value) => {
    const names = asText(value).split(/[,;\s]+/);
    const bad = names.find((one) => one !== "" && !isObis(one.split("/")[0]));
    return bad === undefined ? "" : t("error.column", { name: bad });
  });

  readonly seconds = validator((_, value) => secondsProblem(value, 604800, t("error.seconds")));
  readonly giveUpAfter = validator((_, value) => secondsProblem(value, 86400, t("error.giveUpAfter")));
  readonly spread = validator((node, value) => {
    const problem = secondsProblem(value, 604800, t("error.seconds"));
    const interval = this.#properties.text(node, "interval");
    if (problem !== "" || isEmpty(value) || isEnv(value) || isEnv(interval)) return problem;
    return Number(value) === 0 || Number(value) <= Number(interval) ? "" : t("error.spread");
  });

  readonly points = validator((node, value) => {
    if (this.#mode(node) !== "list" || !Array.isArray(value)) return "";
    const problems = this.pointProblems(value as readonly Point[]);
    const row = problems.findIndex((problem) => problem !== undefined);
    const problem = problems[row];
    return problem === undefined ? "" : t("error.row", { row: row + 1, reason: problem.reason });
  });

  /** The error in one value of a list. */
  pointProblem({ logicalName, objectType, attributeId }: Point): PointProblem | undefined {
    if (!isCode(logicalName)) return { field: "logicalName", reason: t("error.obis") };
    const type = this.#typeProblem(objectType);
    if (type !== "") return { field: "objectType", reason: type };
    const attribute = this.#attributeProblem(attributeId, isEmpty(objectType) ? "" : objectType);
    return attribute === "" ? undefined : { field: "attributeId", reason: attribute };
  }

  /** The errors in the values of a list, including duplicate names. */
  pointProblems(points: readonly Point[]): (PointProblem | undefined)[] {
    const names = new Set<string>();
    return points.map((point) => {
      const problem = this.pointProblem(point);
      const name = problem === undefined ? nameOf(point) : undefined;
      if (name === undefined) return problem;
      if (names.has(name)) return { field: "name", reason: t("error.duplicate", { name }) };
      names.add(name);
      return undefined;
    });
  }

  #mode(node: EditedNode): string {
    return this.#properties.text(node, "mode");
  }

  /** Checks a property of the modes that read one object. */
  #fixedOfObject(name: string, problemOf: (value: unknown) => string): Validator {
    return validator((node, value) =>
      ["list", "objects"].includes(this.#mode(node)) || !this.isFixed(node, name) ? "" : problemOf(value),
    );
  }

  #fixedOfProfile(name: string, problemOf: (value: unknown) => string): Validator {
    return validator((node, value) => {
      const used = this.#mode(node) === "profile" && this.isFixed(node, name);
      return !used || isEmpty(value) || isEnv(value) ? "" : problemOf(value);
    });
  }

  #typeProblem(value: unknown): string {
    if (isEmpty(value) || isEnv(value)) return "";
    const text = String(value).trim();
    const byName = (): boolean =>
      this.#classes.length > 0 ? findClass(this.#classes, text) !== undefined : nameForm.test(text);
    return (/^\d+$/.test(text) ? Number(text) <= 65535 : byName()) ? "" : t("error.objectType");
  }

  /** @param objectType undefined where only the running node knows it */
  #attributeProblem(value: unknown, objectType?: unknown): string {
    if (isEmpty(value) || isEnv(value)) return "";
    const text = String(value).trim();
    if (/^-?\d+$/.test(text)) {
      const number = Number(text);
      return number >= -128 && number <= 127 && number !== 0 ? "" : t("error.attributeId");
    }
    if (!nameForm.test(text)) return t("error.attributeId");
    if (this.#classes.length === 0 || objectType === undefined || isEnv(objectType)) return "";
    const row = findClass(this.#classes, isEmpty(objectType) ? "REGISTER" : objectType);
    const names = [...(row?.attributes ?? []).map((attribute) => attribute.name), ...(row?.formerAttributes ?? [])];
    if (names.some((name) => plainName(name) === plainName(text))) return "";
    return t("error.noAttribute", { type: row?.title ?? asText(objectType), name: text });
  }
}
