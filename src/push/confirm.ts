/** Confirms a data-notification over the framing that it came in. */
import { encodeApdu } from "../apdu";
import { fromHex, joinBytes } from "../bytes";
import { decodeAddress, encodeHdlcFrame, encodeWpdu, type HdlcAddress } from "../link";
import type { Push } from "./push";

/** LLC bytes of what a client sends */
const clientLlc = Uint8Array.of(0xe6, 0xe6, 0x00);

/**
 * The bytes of the data-notification-confirm that a push asks for, plain, with the addresses of the push exchanged. Undefined
 * where the push asks for none, or where its line has no way back (M-Bus, text, a body alone).
 */
export function pushConfirmation(push: Pick<Push, "confirmed" | "longInvokeId" | "link">): Uint8Array | undefined {
  const { confirmed, longInvokeId, link } = push;
  if (!confirmed || longInvokeId === null) return undefined;
  const apdu = encodeApdu({ apdu: "data-notification-confirm", longInvokeId });
  const { framing, source, destination } = link;
  if (framing === "apdu") return apdu;
  if (source === null || destination === null) return undefined;
  if (framing === "wrapper") {
    return encodeWpdu({ source: Number(destination), destination: Number(source), apdu });
  }
  if (framing !== "hdlc") return undefined;
  return encodeHdlcFrame({
    destination: addressOf(source),
    source: addressOf(destination),
    control: { type: "UI", pollFinal: true },
    segmented: false,
    info: joinBytes([clientLlc, apdu]),
  });
}

/** The address whose bytes on the line are these, in hex. */
function addressOf(hex: string): HdlcAddress {
  const bytes = fromHex(hex);
  return decodeAddress(bytes, 0, bytes.length === 4 ? 4 : bytes.length === 2 ? 2 : 1);
}
