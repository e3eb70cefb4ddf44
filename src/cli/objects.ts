/** Objects on the command line: `1.8.0`, `1-0:1.8.0*255/value`, `CLOCK/0-0:1.0.0*255/time`. */
import {
  attribute,
  type AttributeRef,
  type ClassName,
  isDlmsError,
  isObis,
  method,
  type MethodRef,
  obisDotted,
} from "../index";
import { usage } from "./usage";

interface Parts {
  readonly cls: ClassName | number;
  readonly obis: string;
  /** name or number; undefined: not given */
  readonly member: string | number | undefined;
}

const numberOr = <T extends string>(word: T): T | number => (/^\d+$/.test(word) ? Number(word) : word);

/** @throws DlmsConfigError */
export function parseLogicalName(word: string): string {
  const known: boolean = isObis(word);
  if (known) return obisDotted(word);
  throw usage(`expected an OBIS code such as 1-0:1.8.0*255, got "${word}"`);
}

function partsOf(object: string): Parts {
  const parts = object.split("/");
  const at = parts.findIndex(isObis);
  const [obis = "", member, ...rest] = parts.slice(Math.max(at, 0));
  if (at < 0 || at > 1 || rest.length > 0 || member === "") {
    throw usage(`object: expected OBIS, OBIS/ATTRIBUTE or CLASS/OBIS/ATTRIBUTE, got "${object}"`);
  }
  const cls = at === 1 ? numberOr(parts[0] ?? "") : "REGISTER";
  return { cls, obis: parseLogicalName(obis), member: member === undefined ? undefined : numberOr(member) };
}

function named<T>(object: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw isDlmsError(error) ? usage(`object "${object}": ${error.message}`) : error;
  }
}

/** @throws DlmsConfigError */
export function parseObject(object: string): AttributeRef {
  const { cls, obis, member = 2 } = partsOf(object);
  return named(object, () => attribute(cls, obis, member));
}

/** @throws DlmsConfigError */
export function parseMethod(object: string): MethodRef {
  const { cls, obis, member } = partsOf(object);
  if (member === undefined) throw usage(`object: expected CLASS/OBIS/METHOD, got "${object}"`);
  return named(object, () => method(cls, obis, member));
}
