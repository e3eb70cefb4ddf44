/** The request of a message: settings of the node, overridden by properties of the message, checked. */
import { type AttributeRef, isWithoutArgument, type MethodRef, methodArgumentType, obisDotted } from "../../src/index";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { defaultReadS, maxReadS } from "../meters/deadline";
import { evaluate, methodRefOf, plainOf, refOf, settingOf } from "../meters/object-settings";
import { choiceOf, flagOf, integerOf, isAbsent, type RawSettings, textOf } from "../node-red/raw-settings";

interface Common {
  /** read back and compare */
  readonly verify: boolean;
}

export type WriteRequest =
  | (Common & {
      readonly action: "WRITE";
      readonly ref: AttributeRef;
      readonly value: unknown;
      /** undefined: AUTO */
      readonly dataType: string | undefined;
    })
  | (Common & {
      readonly action: "METHOD";
      readonly ref: MethodRef;
      /** undefined: the method's own, or none */
      readonly argument: unknown;
      readonly dataType: string | undefined;
    })
  | (Common & { readonly action: "SET_CLOCK"; readonly logicalName: string; readonly maxCorrection: number });

export const actions = ["WRITE", "METHOD", "SET_CLOCK"] as const;

/** Default limit of a correction of the clock, and the largest one (s). */
export const defaultCorrectionS = 60;
export const maxCorrectionS = 31_536_000;

const usualClock = "0.0.1.0.0.255";

/** The parts that read the properties of a node. */
interface Reader {
  readonly RED: NodeAPI;
  readonly node: Node;
  readonly raw: RawSettings;
  readonly msg: NodeMessage;
}

/** Whether the node holds the value itself, and not the usual `msg.payload`. */
function holdsValue(raw: RawSettings): boolean {
  const type = raw.valueType;
  return !isAbsent(type) && !(type === "msg" && (isAbsent(raw.value) || raw.value === "payload"));
}

/** `msg.value`, else the value of the node, else `msg.payload`. */
async function valueOf({ RED, node, raw, msg }: Reader): Promise<unknown> {
  const given = (msg as RawSettings).value;
  if (given !== undefined) return given;
  if (!holdsValue(raw)) return msg.payload;
  // a number stays text, because a large one would lose digits
  return evaluate(RED, node, raw, "value", msg);
}

/** An argument only where one is meant: the payload of an Inject node must not become the argument of a method. */
async function argumentOf(reader: Reader, ref: MethodRef): Promise<unknown> {
  const { raw, msg } = reader;
  const meant = (msg as RawSettings).value !== undefined || holdsValue(raw);
  const needed = methodArgumentType(ref) !== undefined && !isWithoutArgument(ref);
  return meant || needed ? valueOf(reader) : undefined;
}

function dataTypeOf(raw: RawSettings, msg: NodeMessage): string | undefined {
  const [settings, name] = plainOf(raw, msg, "dataType");
  const word = textOf(settings, name, "AUTO");
  return word.toUpperCase() === "AUTO" ? undefined : word.toLowerCase();
}

/** Limit of a request, in ms; 0 = none. @throws DlmsConfigError */
export function giveUpAfterOf(raw: RawSettings, msg: NodeMessage): number {
  const [settings, name] = plainOf(raw, msg, "giveUpAfter");
  return integerOf(settings, name, { fallback: defaultReadS, min: 0, max: maxReadS }) * 1000;
}

/**
 * The request of a message.
 * @throws DlmsConfigError with the property's name, prefixed with `msg.` if the message supplied it
 */
export async function writeRequestOf(
  RED: NodeAPI,
  node: Node,
  raw: RawSettings,
  msg: NodeMessage,
): Promise<WriteRequest> {
  const reader = { RED, node, raw, msg };
  const [actionSource, actionName] = plainOf(raw, msg, "action");
  const action = choiceOf(actionSource, actionName, actions, "WRITE");
  const [verifySource, verifyName] = plainOf(raw, msg, "verify");
  const verify = flagOf(verifySource, verifyName, true);
  if (action === "SET_CLOCK") {
    const given = isAbsent(msg.logicalName) ? msg.obis : msg.logicalName;
    const range = { fallback: defaultCorrectionS, min: 1, max: maxCorrectionS };
    return {
      ...{ action, verify },
      logicalName: isAbsent(given) ? usualClock : obisDotted(given as string),
      // of the node alone: a message must not lift the limit
      maxCorrection: integerOf(raw, "maxCorrection", range) * 1000,
    };
  }
  const obis = await settingOf(RED, node, raw, msg, "logicalName", "");
  const objectType = await settingOf(RED, node, raw, msg, "objectType", "REGISTER");
  const dataType = dataTypeOf(raw, msg);
  if (action === "METHOD") {
    const ref = methodRefOf(objectType, obis, await settingOf(RED, node, raw, msg, "method", ""));
    return { action, verify, ref, dataType, argument: await argumentOf(reader, ref) };
  }
  const ref = refOf(objectType, obis, await settingOf(RED, node, raw, msg, "attributeId", 2));
  return { action, verify, ref, dataType, value: await valueOf(reader) };
}
