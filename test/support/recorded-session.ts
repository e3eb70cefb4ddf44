import type { MemoryLine, MemoryPeer } from "../../src/transport/memory";
import { memoryTransport } from "../../src/transport/memory";
import type { Transport } from "../../src/transport";

/** What a meter sent in one connection, message by message. */
export type Recording = Uint8Array[];

interface Connects {
  connect(line: MemoryLine): MemoryPeer;
}

/** A transport to the meter that keeps what the meter sends, as a listener on the wire would. */
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
