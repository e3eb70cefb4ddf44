// The objects of a meter as a tree: medium, quantity, object, attribute.
import type { BrowsedAttribute, BrowsedObject } from "../../admin/answers";
import { t } from "./texts";

export interface Branch {
  readonly key: string;
  readonly label: string;
  readonly count: number;
  readonly children: readonly TreeNode[];
}
export interface ObjectLeaf {
  readonly key: string;
  readonly object: BrowsedObject;
  readonly attribute?: BrowsedAttribute;
}
export type TreeNode = Branch | ObjectLeaf;

const groups = [
  ...["energy", "demand", "power", "voltage", "current", "quality", "consumption", "profiles", "time"],
  ...["identification", "status", "control", "security", "communication", "manufacturer", "other"],
];
/** Group A of the codes, in the order of the tree. */
const media = [1, 7, 8, 9, 6, 5, 4, 0, 15];

export function isLeaf(node: TreeNode): node is ObjectLeaf {
  return "object" in node;
}

/** Objects are leaves until they are opened. */
export function branchesOf(objects: readonly BrowsedObject[]): Branch[] {
  return [...media, "other" as const].flatMap((medium) => {
    const ofMedium = objects.filter((object) => (media.includes(object.medium) ? object.medium : "other") === medium);
    if (ofMedium.length === 0) return [];
    const children = groups.flatMap((group) => {
      const found = ofMedium.filter((object) => object.group === group);
      if (found.length === 0) return [];
      const leaves = found.map((object) => ({ key: `${object.classId}@${object.logicalName}`, object }));
      const label = t(`browse.group.${group}`);
      return [{ key: `${medium}/${group}`, label, count: found.length, children: leaves }];
    });
    return [{ key: String(medium), label: t(`browse.medium.${medium}`), count: ofMedium.length, children }];
  });
}

export function childrenOf(node: TreeNode): readonly TreeNode[] {
  if (!isLeaf(node)) return node.children;
  const { key, object } = node;
  return object.attributes.map((attribute) => ({ key: `${key}/${attribute.id}`, object, attribute }));
}

export function matches(object: BrowsedObject, words: readonly string[]): boolean {
  const { obis, logicalName, description, title, objectType } = object;
  const text = [obis, logicalName, description, title, objectType].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function attributeIdOfLeaf({ object, attribute }: ObjectLeaf): number {
  return attribute?.id ?? object.attributeId;
}

/** One key for an object and for the attribute of it that a click chooses. */
export function choiceKeyOf(node: TreeNode): string {
  if (!isLeaf(node)) return node.key;
  return `${node.object.classId}@${node.object.logicalName}/${attributeIdOfLeaf(node)}`;
}
