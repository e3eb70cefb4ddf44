/** A listener for many meters in a separate process: pushes received, memory of idle connections, event loop delay. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { listenPush } from "../../src";
import { toHex } from "../../src/bytes";
import { pushKeys } from "../support/meter-pushes";

const meters = Number(process.argv[2] ?? 10_000);

function memory(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function main(): Promise<void> {
  const listener = await listenPush({
    transport: { kind: "tcp-server", port: 0 },
    keys: (title) => (toHex(title).startsWith("54535400") ? pushKeys : undefined),
    limits: { connections: meters + 10 },
  });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  let connectionMemory = 0;
  let before = memory();
  const values = new Set<unknown>();
  listener.on("push", (push) => values.add(`${push.systemTitle} ${String(push.values["1.0.1.8.0.255"])}`));
  process.stdout.write(`PORT ${listener.address?.port ?? 0}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "connecting") before = memory();
    else if (line === "connected") {
      const after = memory();
      connectionMemory = (after - before) / listener.facts.connections;
    } else if (line === "pushing") {
      delay.enable();
      before = memory();
    } else if (line === "pushed") {
      delay.disable();
      const { pushes, connections, refused, dropped } = listener.facts;
      const listenerMemory = (memory() - before) / connections;
      process.stdout.write(
        `${JSON.stringify({
          pushes,
          distinct: values.size,
          connections,
          refused,
          dropped,
          heapPerConnection: Math.round(connectionMemory),
          heapPerMeterAfterPushes: Math.round(connectionMemory + listenerMemory),
          delayP99ms: delay.percentile(99) / 1e6,
          delayMaxMs: delay.max / 1e6,
          rss: process.memoryUsage().rss,
          cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
        })}\n`,
      );
    }
  }
  await listener.close();
}

void main();
