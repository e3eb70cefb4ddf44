/** The meter process of the ciphering benchmark. */
import { createServer } from "node:net";
import { encodeApdu } from "../../src/apdu";
import { fromHex } from "../../src/bytes";
import { encodeWpdu, WrapperFramer } from "../../src/link";
import { protect } from "../../src/security";
import { answer, cipherKeys, lessons, scalerAnswer } from "./cipher-setup";

/**
 * The meter of the ciphering benchmark: client 16 plain, client 1 authenticated and encrypted. All it sends was made and
 * sealed beforehand, so that it works as little for the one as for the other. Of the first plain requests it learns in
 * which order a client asks for value and scaler, and with which invoke-ids: as nearly every meter, it echoes them.
 * Prints its port.
 */
const ownTitle = fromHex("4d4d4d0000bc614e");
const stock = 40_000;
const initiate = {
  apdu: "initiate-response",
  dlmsVersion: 6,
  conformance: 0x10,
  maxPduSize: 1024,
  vaaName: 7,
} as const;

function sealed(plain: Uint8Array, tag: number, invocationCounter: number): Uint8Array {
  const content = protect({
    plaintext: plain,
    keys: cipherKeys,
    suite: 0,
    systemTitle: ownTitle,
    securityControl: 0x30,
    invocationCounter,
  });
  return encodeApdu({ apdu: "service-ciphered", tag, content });
}

const aare = (applicationContext: number, userInformation: Uint8Array): Uint8Array =>
  encodeApdu({
    apdu: "aare",
    applicationContext,
    result: 0,
    diagnosticSource: "service-user",
    diagnostic: 0,
    respondingApTitle: ownTitle,
    userInformation,
  });

const value = fromHex(answer);
const scaler = fromHex(scalerAnswer);
const asked: { readonly invokeId: number; readonly scaler: boolean }[] = [];
let stockOfAnswers: Uint8Array[] = [];
let plainReads = 0;
let cipheredReads = 0;

function withId(plain: Uint8Array, invokeId: number): Uint8Array {
  return Uint8Array.from(plain, (byte, i) => (i === 2 ? invokeId : byte));
}

/**
 * The answers to a client whose requests equal those of the plain client. Its invoke-ids alternate, or are always the
 * same.
 */
function sealStock(): Uint8Array[] {
  const ids = asked.map(({ invokeId }) => invokeId);
  const period = Math.max(1, ids.indexOf(ids[0] ?? 0, 1));
  return Array.from({ length: stock }, (_, n) => {
    const plain = asked[n]?.scaler === true ? scaler : value;
    return sealed(withId(plain, ids[n % period] ?? 0), 0xcc, 100 + n);
  });
}

function answerTo(client: number, apdu: Uint8Array): Uint8Array {
  if (apdu[0] === 0x60) {
    const response = encodeApdu(initiate);
    if (client !== 1) return aare(1, response);
    stockOfAnswers = sealStock();
    return aare(3, sealed(response, 0x28, 1));
  }
  if (apdu[0] === 0x62) return fromHex("6303800100");
  if (client === 1) return stockOfAnswers[cipheredReads++] ?? value;
  const invokeId = apdu[2] ?? 0;
  const wantsScaler = apdu[11] === 3;
  if (plainReads++ < lessons) asked.push({ invokeId, scaler: wantsScaler });
  return withId(wantsScaler ? scaler : value, invokeId);
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  const framer = new WrapperFramer();
  socket.on("data", (bytes) => {
    for (const { wpdu } of framer.push(bytes).pdus) {
      const apdu = answerTo(wpdu.source, wpdu.apdu);
      socket.write(encodeWpdu({ source: wpdu.destination, destination: wpdu.source, apdu }));
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : 0);
});
