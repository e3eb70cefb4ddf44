import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { listClasses } from "../../src/index";
import { commonCodes } from "./common-codes";
import { serialPorts } from "./serial-ports";

export interface EditorClass {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly attributes: readonly { readonly id: number; readonly name: string }[];
}

/** The class table as the editor's lists need it: the newest version of each class. */
export function editorClasses(): EditorClass[] {
  const newest = new Map<number, EditorClass>();
  for (const { id, name, title, attributes } of listClasses()) {
    newest.set(id, {
      id,
      name,
      title,
      attributes: attributes.map((attribute) => ({ id: attribute.id, name: attribute.name })),
    });
  }
  return [...newest.values()].sort((a, b) => a.id - b.id);
}

/** The endpoints of the editor's dialogs. They only tell what there is; nothing is done to a meter. */
export function registerAdmin(RED: NodeAPI): void {
  const allowed = RED.auth.needsPermission("dlms.read");
  RED.httpAdmin.get("/dlms/classes", allowed, (_request: Request, response: Response) => {
    response.json({ classes: editorClasses(), codes: commonCodes });
  });
  RED.httpAdmin.get("/dlms/serial-ports", allowed, (_request: Request, response: Response) => {
    serialPorts().then(
      (ports) => response.json(ports),
      () => response.json([]),
    );
  });
}
