// Requests that need the second switch of the node's dialog, because a mistake is costly or cannot be undone.
import { attributeName, type AttributeRef, findClass, type MethodRef } from "../../src/index";

/** What a dangerous request does, in words. */
export const dangers = {
  switchesTheSupply: "switches the supply",
  erasesData: "erases data",
  runsAScript: "runs a script",
  changesFirmware: "changes firmware",
  changesAccess: "changes access to the meter",
  mayDoAnything: "may do anything: the class table does not contain it",
} as const;

export type Danger = keyof typeof dangers;

const classes = {
  script: 9,
  associationSn: 12,
  associationLn: 15,
  imageTransfer: 18,
  singleAction: 22,
  securitySetup: 64,
  disconnect: 70,
} as const;

const erasing = /reset|clear|erase/i;

/** Methods that a class of this table has by name; `*` is every method of the class. */
const methods: Readonly<Record<number, Readonly<Record<string, Danger>>>> = {
  [classes.script]: { execute: "runsAScript" },
  [classes.associationSn]: { "*": "changesAccess" },
  [classes.associationLn]: {
    change_HLS_secret: "changesAccess",
    add_object: "changesAccess",
    remove_object: "changesAccess",
    add_user: "changesAccess",
    remove_user: "changesAccess",
  },
  [classes.imageTransfer]: { image_transfer_initiate: "changesFirmware", image_activate: "changesFirmware" },
  [classes.securitySetup]: { "*": "changesAccess" },
  [classes.disconnect]: { "*": "switchesTheSupply" },
};

/** Attributes by name; `*` is every attribute of the class. */
const attributes: Readonly<Record<number, Readonly<Record<string, Danger>>>> = {
  [classes.associationSn]: { "*": "changesAccess" },
  [classes.associationLn]: { "*": "changesAccess" },
  [classes.singleAction]: { executed_script: "runsAScript", execution_time: "runsAScript" },
  [classes.securitySetup]: { "*": "changesAccess" },
  [classes.disconnect]: { "*": "switchesTheSupply" },
};

/** The name of a method, or undefined where the class table does not contain it. */
export function methodName({ classId, methodId, version }: MethodRef): string | undefined {
  return findClass(classId, version)?.methods.find(({ id }) => id === methodId)?.name;
}

/** Why the call of a method needs the second switch; undefined if it does not. */
export function dangerOfMethod(ref: MethodRef): Danger | undefined {
  const name = methodName(ref);
  // a manufacturer's own method may do anything
  if (name === undefined) return "mayDoAnything";
  const known = methods[ref.classId];
  return known?.[name] ?? known?.["*"] ?? (erasing.test(name) ? "erasesData" : undefined);
}

/** Why the write of an attribute needs the second switch; undefined if it does not. */
export function dangerOfAttribute(ref: AttributeRef): Danger | undefined {
  const known = attributes[ref.classId];
  return known?.[attributeName(ref.classId, ref.attributeId, ref.version)] ?? known?.["*"];
}
