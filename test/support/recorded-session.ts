/** Records the messages of a meter and replays them. */
import type { MemoryLine, MemoryPeer } from "../../src/transport/memory";
import { memoryTransport } from "../../src/transport/memory";
import type { Transport } from "../../src/transport";

/** The messages of a meter in one connection. */
export type Recording = Uint8Array[];

interface Connects {
  connect(line: MemoryLine): MemoryPeer;
}

/** A transport that records the meter's messages, like an eavesdropper. */
export function recordingTransport(meter: Connects, recording: Recording): Transport {
  return memoryTransport(
    (line) =>
      meter.connect({
        ...line,
        send: (bytes) => {
          recording.push(bytes.slice());
          line.send(bytes);
        },
      }),
    "recorded meter",
  );
}

/** A peer without keys that sends the recorded messages in order, one for each request. */
export function replayTransport(recording: Recording): Transport {
  return memoryTransport((line) => {
    let next = 0;
    return {
      receive: () => {
        const message = recording[next++];
        if (message !== undefined) line.send(message);
      },
      closed: () => undefined,
    };
  }, "replayed meter");
}
