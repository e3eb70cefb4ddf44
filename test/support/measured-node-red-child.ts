/** The Node-RED process of measured-node-red.ts: it deploys, injects and counts objects on request. */
import { subscribe } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import type { Command, Measurement } from "./measured-node-red";

/**
 * Runs between `npm start` and Node-RED in a separate process: on commands of the parent process it deploys, passes
 * messages to nodes and counts live objects. MEASURED_NODE_RED is the path of the real Node-RED.
 */
interface Runtime {
  readonly events: EventEmitter;
  readonly hooks: { add(name: string, hook: unknown): void; remove(name: string): void };
  readonly httpAdmin: { readonly _router?: Router; readonly router?: Router };
  readonly nodes: {
    getNode(id: string): RunningNode | null;
    eachNode(visit: (node: { id: string; type: string }) => void): void;
  };
  readonly runtime: { readonly flows: { setFlows(options: object): Promise<unknown> } };
}
interface RunningNode extends EventEmitter {
  receive(msg: object): void;
  /** Node-RED keeps these apart from other listeners */
  readonly _closeCallbacks?: readonly unknown[];
  readonly users?: object;
  readonly meter?: { readonly session?: { readonly userCount: number } };
}
interface Router {
  readonly stack: readonly unknown[];
}

const load = createRequire(__filename);
const nodeRed = load(process.env.MEASURED_NODE_RED ?? "node-red") as Runtime;
const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => undefined);
const built = join(__dirname, "..", "..", "dist");

let hooks = 0;
const add = nodeRed.hooks.add.bind(nodeRed.hooks);
const remove = nodeRed.hooks.remove.bind(nodeRed.hooks);
nodeRed.hooks.add = (name, hook) => {
  hooks++;
  add(name, hook);
};
nodeRed.hooks.remove = (name) => {
  hooks--;
  remove(name);
};

/** Listeners of clients that are registered and not taken off. */
let subscriptions = 0;
function watchSubscriptions(): void {
  const { EventHub } = load(join(built, "src", "client", "connection", "events.js")) as {
    EventHub: { prototype: { on: (this: unknown, event: string, listener: unknown) => () => void } };
  };
  const { prototype } = EventHub;
  const { on } = prototype;
  prototype.on = function (event, listener) {
    const off = on.call(this, event, listener);
    let counted = true;
    subscriptions++;
    return () => {
      if (counted) subscriptions--;
      counted = false;
      off();
    };
  };
}
watchSubscriptions();

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

/** What was made, by kind, without keeping it alive. */
const made = new Map<string, Set<WeakRef<object>>>();

function track<T extends object>(kind: string, thing: T): T {
  const refs = made.get(kind) ?? new Set();
  made.set(kind, refs);
  refs.add(new WeakRef(thing));
  return thing;
}

function tracked<T extends object>(kind: string, made: T): T {
  return new Proxy(made, {
    construct: (target, args, newTarget) =>
      track(kind, Reflect.construct(target as () => void, args, newTarget) as object),
    apply: (target, self, args) => track(kind, Reflect.apply(target as () => object, self, args)),
  });
}

/** Made and forgotten by the thousand within one read. */
const shortLived = ["bytes", "codec", "apdu"].map((folder) => join(built, "src", folder) + sep);

/** From now on every instance of a class that one module of the package imports from another is tracked. */
function trackClasses(): void {
  for (const [file, module] of Object.entries(load.cache)) {
    if (!file.startsWith(built + sep) || shortLived.some((folder) => file.startsWith(folder))) continue;
    const exported = module?.exports as Record<string, unknown>;
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(exported))) {
      if (typeof value !== "function" || !/^class\b/.test(Function.prototype.toString.call(value))) continue;
      // Node-RED recognizes errors by their base class and keeps those that it shows
      if (!(value.prototype instanceof Error)) exported[name] = tracked(name, value);
    }
  }
  globalThis.AbortController = tracked("AbortController", AbortController);
  globalThis.setTimeout = tracked("Timeout", setTimeout);
  globalThis.setInterval = tracked("Timeout", setInterval);
  for (const channel of ["net.client.socket", "net.server.socket"]) {
    subscribe(channel, (message) => track("Socket", (message as { socket: object }).socket));
  }
  nodeRed.events.on("flows:started", () => {
    nodeRed.nodes.eachNode(({ id, type }) => {
      const node = nodeRed.nodes.getNode(id);
      if (node !== null && !seen.has(node)) track(type, node);
      if (node !== null) seen.add(node);
    });
  });
}
const seen = new WeakSet<object>();

/** Instances that live still, by kind; those that do not are forgotten. */
function instances(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [kind, refs] of made) {
    for (const ref of refs) if (ref.deref() === undefined) refs.delete(ref);
    counts[kind] = refs.size;
  }
  return counts;
}

async function settle(): Promise<void> {
  // closed objects report it in a later turn of the loop, and collected objects release others in the next
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((done) => setImmediate(done));
    collect();
  }
}

async function measure(): Promise<Measurement> {
  await settle();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const listeners: Record<string, number> = {
    process: listenersOf(process),
    "RED.events": listenersOf(nodeRed.events),
    "RED.hooks": hooks,
    "routes of httpAdmin": (nodeRed.httpAdmin._router ?? nodeRed.httpAdmin.router)?.stack.length ?? -1,
    "clients' events": subscriptions,
  };
  const users: Record<string, [number, number]> = {};
  nodeRed.nodes.eachNode(({ id, type }) => {
    const node = nodeRed.nodes.getNode(id);
    if (!node) return;
    listeners[`${type} ${id}`] = listenersOf(node) + (node._closeCallbacks?.length ?? 0);
    const session = node.meter?.session;
    if (session !== undefined) users[id] = [session.userCount, Object.keys(node.users ?? {}).length];
  });
  return {
    heapUsed: process.memoryUsage().heapUsed,
    resources,
    listeners,
    users,
    instances: instances(),
  };
}

async function deploy(flow: readonly object[], kind: string): Promise<void> {
  const started = new Promise<void>((done) => {
    nodeRed.events.once("flows:started", () => {
      done();
    });
  });
  await nodeRed.runtime.flows.setFlows({ flows: { flows: flow }, deploymentType: kind, req: {} });
  await started;
}

async function carryOut(command: Command): Promise<Measurement | undefined> {
  switch (command.do) {
    case "deploy":
      await deploy(command.flow, command.kind);
      return undefined;
    case "receive":
      for (const { node, msg } of command.messages) nodeRed.nodes.getNode(node)?.receive(msg);
      return undefined;
    case "measure":
      return measure();
  }
}

nodeRed.events.once("flows:started", trackClasses);

process.on("message", (command: Command) => {
  carryOut(command).then(
    (result) => process.send?.({ number: command.number, result }),
    (error: unknown) => process.send?.({ number: command.number, error: String(error) }),
  );
});

// `require` must return Node-RED itself
module.exports = nodeRed;
