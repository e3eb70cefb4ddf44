// A `dlms-meter` config node as the other nodes see it, and how they find it.
import { DlmsConfigError, type DlmsError, type SharedMeter } from "../../src/index";
import type { Node, NodeAPI } from "node-red";
import type { DescribedMeters } from "./described-meters";
import type { WriteRight } from "./write-rights";

/** A `dlms-meter` config node as the other nodes see it. */
export interface MeterNode extends Node {
  readonly meter: {
    /** name or id, for `msg.dlms.meter` */
    readonly label: string;
    /** for logs: "tcp meter.example:4059" */
    readonly endpointLabel: string;
    readonly session: SharedMeter | undefined;
    /** the error in the settings, which is the reason why there is no session */
    readonly problem: DlmsError | undefined;
    /** meters that messages describe by overrides; undefined if the settings belong to a later version */
    readonly described: DescribedMeters | undefined;
    /** what may be written to this meter */
    readonly writing: WriteRight;
    /** the node has credentials and no meter: messages name it in `msg.meter.credentials` */
    readonly credentialsOnly?: boolean;
  };
  /** Node-RED delivers this node's errors and statuses to the Catch and Status nodes of its users. */
  users: Record<string, Node>;
}

export function isMeterNode(node: Node | null | undefined): node is MeterNode {
  return node?.type === "dlms-meter" && "meter" in node;
}

/**
 * A deployed meter by id or name.
 * @throws DlmsConfigError CONFIG_MISSING, CONFIG_INVALID
 */
export function findMeter(RED: NodeAPI, wanted: unknown, name: string): MeterNode {
  if (typeof wanted !== "string") {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: expected the name or id of a dlms-meter node, got a value of type ${typeof wanted}`,
    );
  }
  const direct = RED.nodes.getNode(wanted) as Node | null | undefined;
  if (isMeterNode(direct)) return direct;
  const found: MeterNode[] = [];
  const names: string[] = [];
  RED.nodes.eachNode((def) => {
    if (def.type !== "dlms-meter") return;
    if (def.name) names.push(def.name);
    if (def.name !== wanted) return;
    const node = RED.nodes.getNode(def.id) as Node | null | undefined;
    if (isMeterNode(node)) found.push(node);
  });
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    second === undefined
      ? `${name}: there is no deployed dlms-meter with the name or id "${wanted}"${known(names)}`
      : `${name}: there are ${found.length} dlms-meter nodes with the name "${wanted}"; use the id`,
  );
}

/** Lists some of the known names, because a flow may have hundreds. */
function known(names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return `; there are ${names.slice(0, 5).join(", ")}${more}`;
}
