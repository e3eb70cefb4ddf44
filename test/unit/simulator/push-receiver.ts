/** The far end of a line on which a simulated meter pushes. */
import { joinBytes } from "../../../src/bytes";
import { type MemoryLine, memoryTransport } from "../../../src/transport/memory";
import type { Transport } from "../../../src/transport/transport";

export interface PushReceiver {
  readonly transport: Transport;
  /** the connections so far, newest last */
  readonly lines: MemoryLine[];
  /** connections that are open */
  readonly open: () => number;
  /** bytes received since the last call */
  take(): Uint8Array;
}

export function pushReceiver(): PushReceiver {
  const chunks: Uint8Array[] = [];
  const lines: MemoryLine[] = [];
  let open = 0;
  const transport = memoryTransport((line) => {
    lines.push(line);
    open += 1;
    return {
      receive: (bytes) => {
        chunks.push(bytes);
      },
      closed: () => {
        open -= 1;
      },
    };
  }, "memory receiver");
  return { transport, lines, open: () => open, take: () => joinBytes(chunks.splice(0)) };
}
