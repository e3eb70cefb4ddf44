/** Routes of the editor for tables: classes, common codes, names of stored secrets, serial ports. */
import { describeClass, isWithoutArgument, listClasses } from "../../src/index";
import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import type { EditorClass, SecretNamesAnswer, TablesAnswer } from "./answers";
import { commonCodesIn } from "./common-codes";
import { languageOf } from "./editor-language";
import { serialPorts } from "./serial-ports";
import { isAbsent } from "../node-red/raw-settings";
import { dangerOfAttribute, dangerOfMethod } from "../meters/dangerous";
import { registerWritePreview } from "./write-preview-route";

/** The class alone decides; the object does not matter. */
const anyObject = "0.0.0.0.0.255";

const dangerField = (danger: string | undefined): { danger?: string } => (danger === undefined ? {} : { danger });

/**
 * The class table for the editor's lists: the newest version of each class.
 * @param language a language tag, for the titles
 */
export function editorClasses(language = "en-US"): EditorClass[] {
  const newest = new Map<number, EditorClass>();
  for (const { id, name, attributes, methods, version } of listClasses()) {
    const before = newest.get(id);
    const earlier = [...(before?.attributes ?? []).map((one) => one.name), ...(before?.formerAttributes ?? [])];
    const former = earlier.filter((one) => !attributes.some((attribute) => attribute.name === one));
    newest.set(id, {
      id,
      name,
      title: describeClass(id, { language }),
      attributes: attributes.map((attribute) => {
        const ref = { classId: id, version, logicalName: anyObject, attributeId: attribute.id };
        const { enumeration } = attribute;
        return {
          ...{ id: attribute.id, name: attribute.name },
          ...(enumeration === undefined ? {} : { enumeration }),
          ...dangerField(dangerOfAttribute(ref)),
        };
      }),
      ...(former.length === 0 ? {} : { formerAttributes: former }),
      methods: methods.map((method) => {
        const ref = { classId: id, version, logicalName: anyObject, methodId: method.id };
        return {
          ...{ id: method.id, name: method.name },
          ...(isWithoutArgument(ref) ? { plain: true as const } : {}),
          ...dangerField(dangerOfMethod(ref)),
        };
      }),
    });
  }
  return [...newest.values()].sort((a, b) => a.id - b.id);
}

/** Names of the stored secrets of each deployed meter. Node-RED tells the editor the same when it opens a dialog. */
function secretNames(RED: NodeAPI): SecretNamesAnswer {
  const names = new Map<string, readonly string[]>();
  RED.nodes.eachNode(({ id, type }) => {
    if (type !== "dlms-meter") return;
    const credentials = (RED.nodes.getCredentials(id) as Record<string, unknown> | undefined) ?? {};
    names.set(
      id,
      Object.keys(credentials).filter((name) => !isAbsent(credentials[name])),
    );
  });
  return Object.fromEntries(names);
}

/** Registers the routes that answer from tables; none of them connects to a meter. */
export function registerAdmin(RED: NodeAPI): void {
  const allowed = RED.auth.needsPermission("dlms.read");
  RED.httpAdmin.get("/dlms/classes", allowed, (request: Request, response: Response) => {
    const language = languageOf(request.query);
    const answer: TablesAnswer = { classes: editorClasses(language), codes: commonCodesIn(language) };
    response.json(answer);
  });
  registerWritePreview(RED);
  RED.httpAdmin.get("/dlms/secrets", allowed, (_request: Request, response: Response) => {
    response.json(secretNames(RED));
  });
  RED.httpAdmin.get("/dlms/serial-ports", allowed, (_request: Request, response: Response) => {
    serialPorts().then(
      (ports) => response.json(ports),
      () => response.json([]),
    );
  });
}
