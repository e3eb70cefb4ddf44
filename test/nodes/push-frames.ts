/** Pushes of meters for the tests of the nodes: frames of captures with other serial numbers, and made ones. */
import { fromHex, toHex } from "../../src";
import { protect } from "../../src/security";

/** Aidon 6515 (Norway), list 2 over HDLC: 1146 W exported, a negative current of -5.1 A. */
export const aidonHex =
  "7ea0d24108831382d6e6e7000f40000000000109020209060101000281ff0a0b4149444f4e5f563030303102020906000060" +
  "0100ff0a1037333539393932303030303030303031020209060000600107ff0a0436353135020309060100010700ff060000" +
  "000002020f00161b020309060100020700ff060000047a02020f00161b020309060100030700ff060000000002020f00161d" +
  "020309060100040700ff06000000e202020f00161d0203090601001f0700ff10ffcd02020fff1621020309060100200700ff" +
  "12098302020fff1623e8097e";

/** Kaifa MA304H3E (Norway), KFM_001 list of 13 values without names. */
export const kaifaHex =
  "7ea079010201108093e6e7000f40000000090c07e1090c02171232ff800000020d09074b464d5f3030310910363937303633" +
  "3130303030303030303109084d41333034483345060000052406000000000600000000060000008106000006d206000011d5" +
  "060000126806000009600600000000060000096235527e";

export const pushKeys = {
  encryptionKey: "000102030405060708090a0b0c0d0e0f",
  authenticationKey: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
} as const;

export const aidon = (): Buffer => Buffer.from(aidonHex, "hex");
export const kaifa = (): Buffer => Buffer.from(kaifaHex, "hex");

/** meter number, clock, 1001 W, 12345679 Wh, 230.2 V */
const body =
  "0f000000010c07ea091e030c000500ff88800105020209060000600100ff0a0b545354303030303030303102020906000001" +
  "0000ff090c07ea091e030c000500ff8880020309060100010700ff06000003e902020f00161b020309060100010800ff0600" +
  "bc614f02020f00161e020309060100200700ff1208fe02020fff1623";

export interface CipheredPush {
  readonly counter: number;
  readonly systemTitle?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
}

/** A push under security control 30 (encrypted and authenticated, suite 0) in general-glo-ciphering and a wrapper. */
export function cipheredPush({ counter, systemTitle = "5453540000000001", ...own }: CipheredPush): Buffer {
  const keys = { ...pushKeys, ...own };
  const content = protect({
    plaintext: fromHex(body),
    keys: { encryptionKey: fromHex(keys.encryptionKey), authenticationKey: fromHex(keys.authenticationKey) },
    suite: 0,
    securityControl: 0x30,
    systemTitle: fromHex(systemTitle),
    invocationCounter: counter,
  });
  const apdu = Buffer.from(`db08${systemTitle}81${content.length.toString(16)}${toHex(content)}`, "hex");
  const header = Buffer.from("00010001006600", "hex");
  return Buffer.concat([header, Buffer.of(apdu.length), apdu]);
}
