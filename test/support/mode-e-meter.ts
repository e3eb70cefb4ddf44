/** An optical port with the sign-on of IEC 62056-21 mode E in front of an HDLC meter. */
import { HdlcFramer } from "../../src/link";
import type { SimulatedMeter } from "../../src/simulator";
import { type MemoryLine, type MemoryPeer, memoryTransport, type Transport } from "../../src/transport";
import type { TimerHandle } from "../../src/clock";
import type { VirtualClock } from "./virtual-clock";

/** ms without a frame after which an optical port waits for a sign-on again */
const inactivity = 30_000;

/**
 * An optical port in front of a simulated HDLC meter. All connections share one port state: the mode that it is in, text or HDLC,
 * outlives the connection. It goes back to text after a DISC, and after some silence.
 */
export function modeEPort(meter: SimulatedMeter, clock: VirtualClock): Transport {
  let binary = false;
  let text = "";
  let timer: TimerHandle | undefined;
  const framer = new HdlcFramer();
  const toText = (): void => {
    clock.clearTimeout(timer);
    binary = false;
    text = "";
    framer.clear();
  };
  const stayAwake = (): void => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(toText, inactivity);
  };
  const signOn = (line: MemoryLine, bytes: Uint8Array): void => {
    for (const byte of bytes) {
      text = (text + String.fromCharCode(byte & 0x7f)).slice(-40);
      if (text.endsWith("/?!\r\n")) {
        text = "";
        line.send(Buffer.from("/SIM5\\2@V1.0\r\n"));
      } else if (text.endsWith("\u0006252\r\n")) {
        binary = true;
        line.send(Buffer.from("\u0006252\r\n"));
        return;
      }
    }
  };
  const connect = (line: MemoryLine): MemoryPeer => {
    const peer = meter.connect(line);
    return {
      receive: (bytes) => {
        if (!binary) {
          signOn(line, bytes);
          if (binary) stayAwake();
          return;
        }
        const frames = framer.push(bytes);
        if (frames.length > 0) stayAwake();
        peer.receive(bytes);
        if (frames.some(({ frame }) => frame.control.type === "DISC")) toText();
      },
      closed: () => {
        peer.closed();
      },
    };
  };
  return { ...memoryTransport(connect, "optical port"), baudRate: 9600 };
}
