// A `dlms-push-source` config node as the other nodes see it, and how they find it.
import { DlmsConfigError, type DlmsError } from "../../src/index";
import type { Node, NodeAPI } from "node-red";
import type { PushSource } from "./push-source";

export interface PushSourceNode extends Node {
  readonly push: {
    /** name or id, for `msg.dlms.source` */
    readonly label: string;
    readonly source: PushSource | undefined;
    /** the error in the settings, which is the reason why there is no source */
    readonly problem: DlmsError | undefined;
  };
  /** Node-RED delivers this node's errors and statuses to the Catch and Status nodes of its users. */
  users: Record<string, Node>;
}

/** @throws DlmsConfigError where there is no such source, or its settings are wrong */
export function findPushSource(RED: NodeAPI, id: unknown): { node: PushSourceNode; source: PushSource } {
  const node = typeof id === "string" ? (RED.nodes.getNode(id) as Node | null | undefined) : undefined;
  if (node?.type !== "dlms-push-source" || !("push" in node)) {
    throw new DlmsConfigError("CONFIG_MISSING", "source: choose a push source, and deploy it", {
      details: { property: "source" },
    });
  }
  const found = node as PushSourceNode;
  const { source, problem } = found.push;
  if (source === undefined) throw problem ?? new DlmsConfigError("CONFIG_INVALID", "source: it has no valid settings");
  return { node: found, source };
}
