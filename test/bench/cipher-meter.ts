/** The meter process of the ciphering benchmark. */
import { createServer } from "node:net";
import { encodeApdu } from "../../src/apdu";
import { fromHex } from "../../src/bytes";
import { encodeWpdu, WrapperFramer } from "../../src/link";
import { protect } from "../../src/security";
import { answer, cipherKeys, scalerAnswer } from "./cipher-setup";

/**
 * The meter of the ciphering benchmark: client 16 plain, client 1 authenticated and encrypted. All it sends was made and
 * sealed beforehand (an answer does not depend on its request), so that it works as little for the one as for the
 * other. Of the first plain requests it learns in which order a client asks for value and scaler. Prints its port.
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
const values = Array.from({ length: stock }, (_, n) => sealed(value, 0xcc, 100 + n));
const scalers = Array.from({ length: 10 }, (_, n) => sealed(scaler, 0xcc, 100 + n));
const order: boolean[] = [];
let plainReads = 0;
let cipheredReads = 0;

function answerTo(client: number, apdu: Uint8Array): Uint8Array {
  if (apdu[0] === 0x60) {
    const response = encodeApdu(initiate);
    return client === 1 ? aare(3, sealed(response, 0x28, 1)) : aare(1, response);
  }
  if (apdu[0] === 0x62) return fromHex("6303800100");
  if (client === 1) {
    const n = cipheredReads++;
    return (order[n] === true ? scalers[n] : values[n]) ?? value;
  }
  const wantsScaler = apdu[11] === 3;
  if (plainReads++ < 10) order.push(wantsScaler);
  return wantsScaler ? scaler : value;
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
