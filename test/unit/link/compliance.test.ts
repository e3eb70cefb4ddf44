/** Each link protocol against the suite of rules that all of them keep. */
import { concatBytes, fromHex, toHex } from "../../../src/bytes";
import { hdlcLink, modeELink, wrapperLink } from "../../../src/link";
import { HdlcPeer, hdlcFrame } from "../../support/hdlc-peer";
import { type FarSide, type LinkSubject, linkCompliance } from "../../support/link-compliance";

const clientSap = 16;
const timeouts = { response: 2000, close: 500 };

/** Written out from IEC 62056-47: version, source, destination, length, and the APDU. */
const wpdu = (source: string, destination: string, apdu: string): Uint8Array =>
  fromHex(`0001${source}${destination}${(apdu.length / 2).toString(16).padStart(4, "0")}${apdu}`);

/** A meter on the wrapper: one answer per message, all of a request's APDUs in sequence. */
const wrapperMeter =
  (answer: (apdu: string) => readonly string[]): FarSide =>
  (bytes) =>
    answer(toHex(bytes.subarray(8))).map((apdu) => wpdu("0001", "0010", apdu));

const wrapperSubject = (name: string, datagrams: boolean): LinkSubject => ({
  name,
  kind: "wrapper",
  stream: !datagrams,
  make: () => wrapperLink({ clientSap, serverSap: 1, timeouts, datagrams, retries: 2 }),
  meter: wrapperMeter,
  push: (apdu) => wpdu("0001", "0010", apdu),
  address: { server: { logical: 1 }, client: clientSap },
});

/** A secondary station of IEC 62056-46, its replies one piece each. */
const hdlcMeter =
  (server: string) =>
  (answer: (apdu: string) => readonly string[]): FarSide => {
    const peer = new HdlcPeer({ server, answer, windowTransmit: 3, windowReceive: 3 });
    return (bytes) => peer.receive(bytes).map((frame) => fromHex(frame));
  };

/** UI frame with the LLC of an answer. */
const hdlcPush =
  (server: string) =>
  (apdu: string): Uint8Array =>
    fromHex(hdlcFrame("21", server, 0x13, `e6e700${apdu}`));

const hdlc: LinkSubject = {
  name: "HDLC",
  kind: "hdlc",
  stream: true,
  make: () => hdlcLink({ clientAddress: clientSap, server: { logical: 1, physical: 17 }, timeouts }),
  meter: hdlcMeter("0223"),
  push: hdlcPush("0223"),
  address: { server: { logical: 1, physical: 17 }, client: clientSap },
};

/** An optical port: IEC 62056-21 in text until the rate is chosen, then HDLC; a DISC leads back to text. */
const opticalMeter = (answer: (apdu: string) => readonly string[]): FarSide => {
  const station = hdlcMeter("03")(answer);
  let binary = false;
  let text = "";
  return (bytes) => {
    if (binary) {
      const replies = station(bytes);
      if (toHex(bytes) === hdlcFrame("03", "21", 0x53)) binary = false;
      return replies;
    }
    text = (text + String.fromCharCode(...bytes)).slice(-40);
    if (text.endsWith("/?!\r\n")) return [Buffer.from("/ABC5\\2METER01\r\n")].map((reply) => Uint8Array.from(reply));
    if (!text.endsWith("\u0006252\r\n")) return [];
    binary = true;
    return [concatBytes(bytes)];
  };
};

const modeE: LinkSubject = {
  name: "mode E",
  kind: "hdlc-mode-e",
  stream: true,
  make: () => modeELink({ clientAddress: clientSap, server: { logical: 1 }, timeouts }),
  meter: opticalMeter,
  push: hdlcPush("03"),
  address: { server: { logical: 1 }, client: clientSap },
};

for (const subject of [wrapperSubject("wrapper", false), wrapperSubject("wrapper over datagrams", true), hdlc, modeE])
  linkCompliance(subject);
