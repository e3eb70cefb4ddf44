/** The Node-RED process of observed-node-red.ts. */
import { createRequire } from "node:module";

/**
 * Runs between `npm start` and Node-RED in a separate process, and reports every message that a node receives to the
 * parent process. OBSERVED_NODE_RED is the path of the real Node-RED.
 */
interface Runtime {
  readonly hooks: {
    add(
      name: string,
      hook: (event: { msg: Record<string, unknown>; destination: { id: string; node: { type: string } } }) => void,
    ): void;
  };
}

const nodeRed = createRequire(__filename)(process.env.OBSERVED_NODE_RED ?? "node-red") as Runtime;

/** Leaves out request and response, which hold sockets, and the sender. */
const left = new Set(["req", "res", "_session", "_event"]);

nodeRed.hooks.add("onReceive.observer", ({ msg, destination }) => {
  const shown = Object.fromEntries(Object.entries(msg).filter(([name]) => !left.has(name)));
  process.send?.({ node: destination.id, type: destination.node.type, msg: JSON.parse(JSON.stringify(shown)) });
});

// `require` must return Node-RED itself
module.exports = nodeRed;
