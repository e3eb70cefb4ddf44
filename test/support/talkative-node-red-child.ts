/** The Node-RED process of talkative-node-red.ts. */
import { createRequire } from "node:module";

/**
 * Runs between `npm start` and Node-RED in a separate process, and writes the log at its most verbose level, every
 * message, status and comms event to standard output. With TALKATIVE_AUTH the editor's API is closed: a bearer token's
 * text is the permissions that it has. TALKATIVE_NODE_RED is the path of the real Node-RED.
 */
interface Runtime {
  init(server: unknown, settings: Record<string, unknown>): void;
  readonly hooks: { add(name: string, hook: (event: { msg: unknown } | { msg: unknown }[]) => void): void };
  readonly events: { on(name: string, listener: (...values: unknown[]) => void): void };
}

const nodeRed = createRequire(__filename)(process.env.TALKATIVE_NODE_RED ?? "node-red") as Runtime;

const show = (what: string, value: unknown): void => {
  const seen = new WeakSet<object>();
  const text = JSON.stringify(value, (_name, one: unknown) => {
    if (typeof one === "bigint") return String(one);
    if (typeof one !== "object" || one === null) return one;
    if (seen.has(one)) return "seen";
    seen.add(one);
    return one instanceof Error ? { ...one, message: one.message, stack: one.stack } : one;
  });
  process.stdout.write(`${what} ${text}\n`);
};

const init = nodeRed.init.bind(nodeRed);
nodeRed.init = (server, settings) => {
  const users = (username: string): Promise<unknown> => Promise.resolve({ username, permissions: "read" });
  init(server, {
    ...settings,
    logging: {
      talkative: {
        level: "trace",
        metrics: false,
        audit: true,
        handler: () => (entry: unknown) => {
          show("LOG", entry);
        },
      },
    },
    ...(process.env.TALKATIVE_AUTH === undefined
      ? {}
      : {
          adminAuth: {
            type: "credentials",
            users,
            authenticate: () => Promise.resolve(null),
            tokens: (token: string) => Promise.resolve({ username: "somebody", permissions: token.split("+") }),
          },
        }),
  });
  for (const name of ["onSend", "onReceive"] as const) {
    nodeRed.hooks.add(`${name}.talkative`, (event) => {
      show(name, Array.isArray(event) ? event.map(({ msg }) => msg) : event.msg);
    });
  }
  for (const name of ["node-status", "comms", "runtime-event"]) {
    nodeRed.events.on(name, (...values) => {
      show(name, values);
    });
  }
};

// `require` must return Node-RED itself
module.exports = nodeRed;
