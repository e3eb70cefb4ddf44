/** Settings of a node that a message may override: which object, attribute or method a request concerns. */
import { attribute, type AttributeRef, DlmsConfigError, isDlmsError, method, type MethodRef } from "../../src/index";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { isAbsent, quote, type RawSettings } from "../node-red/raw-settings";

/** A setting, and the name of its property in error messages. */
export interface Setting {
  readonly source: string;
  readonly value: unknown;
}

/** The value of a typed property: a text, or the result of its expression. @throws DlmsConfigError */
export function evaluate(RED: NodeAPI, node: Node, raw: RawSettings, name: string, msg: NodeMessage): Promise<unknown> {
  const value = raw[name];
  const type = raw[`${name}Type`];
  if (typeof type !== "string" || type === "" || type === "str" || type === "num") return Promise.resolve(value);
  const expression = typeof value === "string" ? value : "";
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(
        new DlmsConfigError(
          "CONFIG_INVALID",
          `${name}: the ${type} expression ${quote(value)} failed: ${String(error)}`,
          {
            details: { property: name },
            cause: error,
          },
        ),
      );
    };
    try {
      RED.util.evaluateNodeProperty(expression, type, node, msg, (error, result: unknown) => {
        if (error) fail(error);
        else resolve(result);
      });
    } catch (error) {
      fail(error);
    }
  });
}

/** The message wins over the editor, the editor over the default; an empty string counts as absent. */
export async function settingOf(
  RED: NodeAPI,
  node: Node,
  raw: RawSettings,
  msg: NodeMessage,
  name: string,
  fallback: unknown,
): Promise<Setting> {
  const twins = name === "logicalName" ? ["logicalName", "obis"] : [name];
  for (const twin of twins) {
    if (!isAbsent(msg[twin])) return { source: `msg.${twin}`, value: msg[twin] };
  }
  const value = await evaluate(RED, node, raw, name, msg);
  return { source: name, value: isAbsent(value) ? fallback : value };
}

export function scalar(setting: Setting): string | number {
  if (typeof setting.value === "string" || typeof setting.value === "number") return setting.value;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${setting.source}: expected a text or a number, got ${quote(setting.value)}`,
    {
      details: { property: setting.source },
    },
  );
}

function obisOf(setting: Setting): string | Uint8Array {
  if (setting.value instanceof Uint8Array) return setting.value;
  if (typeof setting.value === "string" && setting.value.trim() !== "") {
    const unset = /^\$\{([^}]+)\}$/.exec(setting.value);
    if (!unset) return setting.value;
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `${setting.source}: the environment variable ${unset[1] ?? ""} is not set`,
      {
        details: { property: setting.source },
      },
    );
  }
  if (isAbsent(setting.value) || typeof setting.value === "string") {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `${setting.source}: an OBIS code is needed, here or in msg.logicalName, for example 1-0:1.8.0*255`,
      { details: { property: setting.source } },
    );
  }
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${setting.source}: expected an OBIS code like 1-0:1.8.0*255, got ${quote(setting.value)}`,
    {
      details: { property: setting.source },
    },
  );
}

/** An attribute of user input. @throws DlmsConfigError that begins with the wrong property's name */
export function refOf(objectType: Setting, obis: Setting, attributeId: Setting): AttributeRef {
  return withProperty(objectType, obis, attributeId, () =>
    attribute(scalar(objectType), obisOf(obis), scalar(attributeId)),
  );
}

/** The same for a method. @throws DlmsConfigError */
export function methodRefOf(objectType: Setting, obis: Setting, wanted: Setting): MethodRef {
  if (isAbsent(wanted.value)) {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `${wanted.source}: a method is needed, here or in msg.method, for example remote_disconnect`,
      { details: { property: wanted.source } },
    );
  }
  return withProperty(objectType, obis, wanted, () => method(scalar(objectType), obisOf(obis), scalar(wanted)));
}

/** Puts the property of a wrong value before the library's sentence. */
function withProperty<T>(objectType: Setting, obis: Setting, member: Setting, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isDlmsError(error) || error.details.property !== undefined) throw error;
    const property = error.message.startsWith("logical name")
      ? obis.source
      : error.message.startsWith("object type")
        ? objectType.source
        : member.source;
    const problem = error.message.replace(/^(logical name \(OBIS code\)|object type|attribute|method): /, "");
    throw new DlmsConfigError("CONFIG_INVALID", `${property}: ${problem}`, {
      details: { property },
      cause: error,
    });
  }
}

/** A setting of the node or the message's override, with the name of the property for error messages. */
export function plainOf(
  raw: RawSettings,
  msg: NodeMessage,
  name: string,
): readonly [settings: RawSettings, name: string] {
  const given = (msg as RawSettings)[name];
  return isAbsent(given) ? [raw, name] : [{ [`msg.${name}`]: given }, `msg.${name}`];
}
