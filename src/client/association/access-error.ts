/** The error of a data-access result, with its likely cause. */
import { actionResult, dataAccessResult } from "../../apdu";
import {
  type AttributeRef,
  attributeName,
  classTitle,
  findClass,
  type MethodRef,
  obisDotted,
  obisPrinted,
} from "../../cosem";
import { type CodesOf, DlmsAccessError } from "../../errors";

type AccessCode = CodesOf<"DlmsAccessError">;

const causes: Readonly<Partial<Record<AccessCode, string>>> = {
  ACCESS_HARDWARE_FAULT: "the meter reports an internal fault, or this variant has no such register",
  ACCESS_TEMPORARY_FAILURE: "the meter is busy; try again later",
  ACCESS_READ_WRITE_DENIED:
    "this client has no right to do that: associate with another client address or authentication, or the meter hides the object that way",
  ACCESS_OBJECT_UNDEFINED: "the meter has no such object for this client: check the OBIS code and the client address",
  ACCESS_OBJECT_UNAVAILABLE: "the object exists but is not available now",
  ACCESS_TYPE_UNMATCHED: "the meter expects another data type",
  ACCESS_SCOPE_OF_ACCESS_VIOLATED:
    "the meter's object may not have this attribute, or this client has no right to it: read the object list, or try another client address",
  ACCESS_DATA_BLOCK_UNAVAILABLE: "the block transfer was interrupted; try again",
  ACCESS_LONG_GET_ABORTED: "the block transfer was interrupted; try again",
  ACCESS_NO_LONG_GET_IN_PROGRESS: "the block transfer was interrupted; try again",
  ACCESS_OTHER_REASON: "the meter gives no reason; often the attribute or the selection is not supported",
};

/** Classes that meters use for the same purpose: suggested if the meter does not have the requested class. */
const alternatives: Readonly<Record<number, readonly number[]>> = {
  1: [3],
  3: [4, 1],
  4: [3, 5],
  5: [4, 3],
};

/** Codes whose objects have one class in every meter (Blue Book, the chapter on OBIS codes of abstract objects). */
const usualClasses: readonly (readonly [code: RegExp, classId: number])[] = [
  [/^0\.\d+\.1\.0\.\d+\.\d+$/, 8],
  [/^\d+\.\d+\.9[89]\./, 7],
  [/^0\.\d+\.10\.0\./, 9],
  [/^0\.\d+\.11\.0\./, 11],
  [/^0\.\d+\.13\.0\./, 20],
  [/^0\.\d+\.15\.0\./, 22],
  [/^0\.\d+\.40\.0\./, 15],
  [/^0\.\d+\.41\.0\./, 17],
  [/^0\.\d+\.43\.0\./, 64],
  [/^0\.\d+\.44\.0\./, 18],
  [/^0\.\d+\.96\.3\.10\./, 70],
];

export type AccessVerb = "get" | "set" | "action";

/** `object-class-inconsistent (9): get Register 1-0:1.8.0*255/2 value; ...`, with the likely cause, or `hint`. */
export function accessError(
  verb: AccessVerb,
  target: AttributeRef | MethodRef,
  result: number,
  hint?: string,
): DlmsAccessError {
  const meaning = verb === "action" ? actionResult(result) : dataAccessResult(result);
  const code = meaning.errorName ?? "ACCESS_UNKNOWN";
  const word = code === "ACCESS_UNKNOWN" ? "a result that the standard does not list" : meaning.word;
  const cause = hint ?? (code === "ACCESS_OBJECT_CLASS_INCONSISTENT" ? otherClass(target) : causes[code]);
  const request = `${verb} ${describeTarget(target)}`;
  const text = `${word} (${result}): ${request}`;
  const whole = cause === undefined ? text : `${text}; ${verb === "action" ? ofMethods(cause) : cause}`;
  const member = "attributeId" in target ? { attributeId: target.attributeId } : { methodId: target.methodId };
  return new DlmsAccessError(code, whole, {
    request,
    details: { service: verb, classId: target.classId, logicalName: target.logicalName, ...member, result, word },
  });
}

function ofMethods(cause: string): string {
  return cause.replace("the attribute", "the method").replace("this attribute", "this method");
}

/** `Register 1-0:1.8.0*255/2 value` */
export function describeTarget(target: AttributeRef | MethodRef): string {
  const object = `${classTitle(target.classId)} ${obisPrinted(target.logicalName)}`;
  if ("attributeId" in target) {
    const name = attributeName(target.classId, target.attributeId, target.version);
    return `${object}/${target.attributeId} ${name}`;
  }
  const known = findClass(target.classId, target.version)?.methods.find((row) => row.id === target.methodId);
  return `${object} method ${target.methodId}${known === undefined ? "" : ` ${known.name}`}`;
}

const profileGeneric = 7;

function otherClass({ classId, logicalName }: AttributeRef | MethodRef): string {
  const usual = usualClasses.find(([code]) => code.test(obisDotted(logicalName)))?.[1];
  const known = usual !== undefined && usual !== classId;
  if (classId === profileGeneric && !known) return "the object is not a profile in this meter: read it as one value";
  const others = (known ? [usual] : (alternatives[classId] ?? [])).flatMap((id) => findClass(id)?.name ?? []);
  const trying = others.length === 0 ? "" : `: try ${others.join(" or ")}`;
  return `the object has another class in this meter${trying}`;
}
