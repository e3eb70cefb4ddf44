/** Confirms a data-notification over the framing in which it was received. */
import { encodeApdu } from "../apdu";
import { fromHex, joinBytes } from "../bytes";
import { decodeAddress, encodeHdlcFrame, encodeWpdu, type HdlcAddress } from "../link";
import type { Push } from "./push";

/** LLC bytes of a frame from a client */
const clientLlc = Uint8Array.of(0xe6, 0xe6, 0x00);

/**
 * The bytes of the plain data-notification-confirm that a push requests, with the addresses of the push exchanged.
 * Undefined if the push requests none, or if its link is one-way (M-Bus, text, a body alone).
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

/** The address that has these bytes on the line (given in hex). */
function addressOf(hex: string): HdlcAddress {
  const bytes = fromHex(hex);
  return decodeAddress(bytes, 0, bytes.length === 4 ? 4 : bytes.length === 2 ? 2 : 1);
}
