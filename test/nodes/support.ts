import type { Node, NodeAPI, NodeMessageInFlow, NodeStatus } from "node-red";
import { type EventEmitter, once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import dlmsDecode from "../../nodes/dlms-decode/dlms-decode";
import dlmsListen from "../../nodes/dlms-listen/dlms-listen";
import dlmsMeter from "../../nodes/dlms-meter/dlms-meter";
import dlmsMonitor from "../../nodes/dlms-monitor/dlms-monitor";
import dlmsPushSource from "../../nodes/dlms-push-source/dlms-push-source";
import dlmsRead from "../../nodes/dlms-read/dlms-read";
import dlmsSimulator from "../../nodes/dlms-simulator/dlms-simulator";
import dlmsWrite from "../../nodes/dlms-write/dlms-write";
import { type NodeRuntime, nodeRuntimeOf } from "../../nodes/meters/node-runtime";
import { type ErrorJson, type MeterDefinition, type SimulatedMeter, createMeter, householdDefinition } from "../../src";

/** The user directory of the helper's Node-RED. */
export const userDir = mkdtempSync(join(tmpdir(), "dlms-nodes-"));

helper.init(process.env.NODE_RED_PATH ?? require.resolve("node-red"), {
  logging: { console: { level: "off" } },
  userDir,
});

const { _events: events, _redNodes: runtime } = helper as unknown as {
  readonly _events: EventEmitter;
  readonly _redNodes: { setFlows(flow: object[], credentials: object, type: string): Promise<unknown> };
};
// the helper's own wait ends after 300 ms, which a busy machine may exceed
helper.setFlows = async (flow, type, credentials = {}) => {
  const started = once(events, "flows:started");
  await runtime.setFlows(flow, credentials, type);
  await started;
};

export { helper };

/** What the nodes of the helper's Node-RED share. */
export const sharedByNodes = (): NodeRuntime => nodeRuntimeOf({ events } as unknown as NodeAPI);
export const allNodes = [
  dlmsMeter,
  dlmsRead,
  dlmsWrite,
  dlmsSimulator,
  dlmsMonitor,
  dlmsPushSource,
  dlmsListen,
  dlmsDecode,
];

export type Message = NodeMessageInFlow & { dlms?: Record<string, unknown>; dlmsError?: ErrorJson };

export interface RunningMeter {
  readonly meter: SimulatedMeter;
  readonly port: number;
  close(): Promise<void>;
}

const running: { close(): Promise<void> }[] = [];

/** A simulated meter in this process; `clean` closes it. */
export async function startMeter(definition: MeterDefinition = householdDefinition()): Promise<RunningMeter> {
  const meter = createMeter(definition);
  const listener = await meter.listen();
  running.push(listener);
  return { meter, port: listener.port, close: () => listener.close() };
}

/** For afterEach. */
export async function clean(): Promise<void> {
  await helper.unload();
  for (const one of running.splice(0)) await one.close();
}

/** A `dlms-meter` with quick pauses, read by `read`, whose messages arrive at `out` and its errors at `caught`. */
export function flowFor(
  port: number | string,
  read: object = {},
  meter: object = {},
): { id: string; type: string; [key: string]: unknown }[] {
  return [
    { id: "tab", type: "tab", label: "test" },
    {
      id: "meter",
      type: "dlms-meter",
      name: "test meter",
      version: 1,
      transportType: "TCP",
      host: "127.0.0.1",
      port: String(port),
      timeout: "1000",
      retries: "0",
      reconnectMin: "100",
      reconnectMax: "200",
      ...meter,
    },
    {
      id: "read",
      type: "dlms-read",
      z: "tab",
      x: 0,
      y: 0,
      version: 1,
      meter: "meter",
      mode: "attribute",
      logicalName: "1-0:1.7.0*255",
      objectType: "REGISTER",
      attributeId: "2",
      wires: [["out"]],
      ...read,
    },
    { id: "out", type: "helper", z: "tab", x: 0, y: 0 },
    { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
    { id: "caught", type: "helper", z: "tab", x: 0, y: 0 },
    { id: "status", type: "status", z: "tab", x: 0, y: 0, scope: null, wires: [["statuses"]] },
    { id: "statuses", type: "helper", z: "tab", x: 0, y: 0 },
  ];
}

/** The next message at a helper node. */
export function next(id: string): Promise<Message> {
  return new Promise((resolve) => {
    helper.getNode(id).once("input", (msg: Message) => {
      resolve(msg);
    });
  });
}

export interface Result {
  readonly sent?: Message;
  readonly caught?: Message;
}

/** Sends a message into a node and waits for its outcome: a message at `out`, or an error at `caught`. */
export async function ask(msg: object = {}, id = "read"): Promise<Result> {
  const out = helper.getNode("out");
  const caught = helper.getNode("caught");
  const result = new Promise<Result>((resolve) => {
    const done = (what: Result): void => {
      out.removeListener("input", onOut);
      caught.removeListener("input", onCaught);
      resolve(what);
    };
    const onOut = (sent: Message): void => {
      done({ sent });
    };
    const onCaught = (error: Message): void => {
      done({ caught: error });
    };
    out.on("input", onOut);
    caught.on("input", onCaught);
  });
  helper.getNode(id).receive(msg as NodeMessageInFlow);
  return result;
}

/** Asks and expects a message. */
export async function value(msg: object = {}): Promise<Message> {
  const { sent, caught } = await ask(msg);
  if (sent === undefined) throw new Error(`expected a value, got ${JSON.stringify(caught?.dlmsError)}`);
  return sent;
}

/** Asks and expects an error. */
export async function failure(msg: object = {}): Promise<Message & { dlmsError: ErrorJson }> {
  const { sent, caught } = await ask(msg);
  if (caught?.dlmsError === undefined) throw new Error(`expected an error, got ${JSON.stringify(sent?.payload)}`);
  return caught as Message & { dlmsError: ErrorJson };
}

/** Every status that a node sets from now on, and a way to wait for one. */
export function statusesOf(id: string): { list: NodeStatus[]; until(text: RegExp): Promise<NodeStatus> } {
  const list: NodeStatus[] = [];
  const waiting: (() => void)[] = [];
  const node: Node = helper.getNode(id);
  node.on(
    "call:status" as "input",
    ((call: { args: [NodeStatus] }) => {
      list.push(call.args[0]);
      for (const check of [...waiting]) check();
    }) as never,
  );
  return {
    list,
    until: (text) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = list.find((status) => text.test(`${status.fill} ${status.shape} ${status.text}`));
          if (found === undefined) return;
          waiting.splice(waiting.indexOf(check), 1);
          resolve(found);
        };
        waiting.push(check);
        check();
      }),
  };
}

/** The most associations that the meter was asked to have at one time. */
export function maxAssociationsOf({ meter }: RunningMeter): () => number {
  let most = 0;
  meter.use({
    name: "counts",
    request: ({ apdu }) => {
      most = Math.max(most, meter.associations + (apdu === "aarq" ? 1 : 0));
      return undefined;
    },
  });
  return () => most;
}
