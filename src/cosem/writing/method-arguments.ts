/** Types of the arguments of methods, DLMS UA 1000-1 (Blue Book) part 2, the method descriptions of each class. */
import { findClass } from "../lookup";
import type { MethodRef } from "../model";
import type { ValueType } from "./value-type";

/** Methods whose argument carries no information: the Blue Book's `data ::= integer (0)`. */
const none: ValueType = { type: "integer" };
const octets: ValueType = { type: "octet-string", presentation: "bytes" };
const dateTime = (name: string): ValueType => ({ name, type: "octet-string", presentation: "date-time" });
const named = (name: string, type: string): ValueType => ({ name, type });
const record = (...fields: readonly ValueType[]): ValueType => ({ type: "structure", fields });
const wrappedKeys: ValueType = {
  type: "array",
  element: record(
    {
      name: "keyId",
      type: "enum",
      enumeration: {
        0: "global-unicast-encryption-key",
        1: "global-broadcast-encryption-key",
        2: "authentication-key",
        3: "master-key",
      },
    },
    { name: "key", ...octets },
  ),
};

const attribute =
  (name: string): Source =>
  (attributes) =>
    attributes(name)?.element;

type Source = ValueType | ((attributes: (name: string) => ValueType | undefined) => ValueType | undefined);

/** By class id and method name. */
const table: Readonly<Record<number, Readonly<Record<string, Source>>>> = {
  3: { reset: none },
  4: { reset: none },
  5: { reset: none, next_period: none },
  6: { add_register: attribute("register_assignment"), add_mask: attribute("mask_list"), delete_mask: octets },
  7: { reset: none, capture: none },
  8: {
    adjust_to_quarter: none,
    adjust_to_measuring_period: none,
    adjust_to_minute: none,
    adjust_to_preset_time: none,
    preset_adjusting_time: record(
      dateTime("presetTime"),
      dateTime("validityIntervalStart"),
      dateTime("validityIntervalEnd"),
    ),
    shift_time: { type: "long" },
  },
  9: { execute: { type: "long-unsigned" } },
  10: {
    enable_disable: record(
      named("firstIndexA", "long-unsigned"),
      named("lastIndexA", "long-unsigned"),
      named("firstIndexB", "long-unsigned"),
      named("lastIndexB", "long-unsigned"),
    ),
    insert: attribute("entries"),
    delete: record(named("firstIndex", "long-unsigned"), named("lastIndex", "long-unsigned")),
  },
  11: { insert: attribute("entries"), delete: { type: "long-unsigned" } },
  15: { change_HLS_secret: octets },
  17: { connect_logical_device: { type: "long-unsigned" } },
  18: {
    image_transfer_initiate: record(
      { name: "imageIdentifier", type: "octet-string", presentation: "text" },
      named("imageSize", "double-long-unsigned"),
    ),
    image_block_transfer: record(named("imageBlockNumber", "double-long-unsigned"), {
      name: "imageBlockValue",
      ...octets,
    }),
    image_verify: none,
    image_activate: none,
  },
  20: { activate_passive_calendar: none },
  40: { push: none, reset: none },
  61: { reset: none, capture: none },
  62: { reset: none, capture: none },
  64: {
    security_activate: { type: "enum" },
    global_key_transfer: wrappedKeys,
    key_transfer: wrappedKeys,
    key_agreement: wrappedKeys,
    generate_key_pair: {
      type: "enum",
      enumeration: { 0: "digital-signature", 1: "key-agreement", 2: "tls" },
    },
    generate_certificate_request: {
      type: "enum",
      enumeration: { 0: "digital-signature", 1: "key-agreement", 2: "tls" },
    },
    import_certificate: octets,
  },
  66: { reset: none, trigger: none },
  70: { remote_disconnect: none, remote_reconnect: none },
};

/** The type of a method's argument; undefined if the table does not contain the method. */
export function methodArgumentType(ref: MethodRef): ValueType | undefined {
  const cls = findClass(ref.classId, ref.version);
  const name = cls?.methods.find(({ id }) => id === ref.methodId)?.name;
  const source = name === undefined ? undefined : table[ref.classId]?.[name];
  if (typeof source !== "function") return source;
  return source((wanted) => cls?.attributes.find((row) => row.name === wanted));
}

/** Whether the argument of a method carries no information, so that a caller may leave it out. */
export function isWithoutArgument(ref: MethodRef): boolean {
  return methodArgumentType(ref) === none;
}
