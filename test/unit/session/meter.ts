import { fromHex, toHex } from "../../../src/bytes";
import { KeySet, protect, type SecurityPolicy, securityControlByte, type SecuritySuite } from "../../../src/security";
import type { SessionSecurity } from "../../../src/session";

/** Keys and titles of the Green Book's worked examples, suite 0. */
export const guek = fromHex("000102030405060708090A0B0C0D0E0F");
export const gak = fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF");
export const meterTitle = fromHex("4D4D4D0000BC614E");
export const clientTitle = fromHex("4D4D4D0000000001");

export function security(more: Partial<SessionSecurity> = {}): SessionSecurity {
  return {
    suite: 0,
    policy: "authenticated-encrypted",
    keys: { encryptionKey: guek, authenticationKey: gak },
    ...more,
  };
}

const length = (bytes: number): string =>
  bytes < 0x80 ? bytes.toString(16).padStart(2, "0") : `82${bytes.toString(16).padStart(4, "0")}`;
export const octets = (hex: string): string => `${length(hex.length / 2)}${hex}`;

/** The meter's side of the ciphering: envelopes typed by hand around the primitives. */
export class CipheringMeter {
  counter = 100;
  encryptionKey: Uint8Array = guek;
  title: Uint8Array = meterTitle;
  policy: SecurityPolicy = "authenticated-encrypted";
  suite: SecuritySuite = 0;

  content(plain: string, counter = (this.counter += 1), authenticationKey = gak): string {
    return toHex(
      protect({
        plaintext: fromHex(plain),
        keys: new KeySet(this.suite, { encryptionKey: this.encryptionKey, authenticationKey }),
        suite: this.suite,
        systemTitle: this.title,
        securityControl: securityControlByte(this.suite, this.policy),
        invocationCounter: counter,
      }),
    );
  }

  /** An envelope with the tag of a service: cc glo-get-response, d4 ded-get-response, ... */
  service(tag: string, plain: string, counter?: number): string {
    return `${tag}${octets(this.content(plain, counter))}`;
  }

  /** db general-glo, dc general-ded */
  general(tag: string, plain: string, title = toHex(this.title)): string {
    return `${tag}${octets(title)}${octets(this.content(plain))}`;
  }

  /** An accepting AARE of a ciphered association. */
  aare(initiate = "0800065f1f0400007e1f04000007", more = ""): string {
    const information = octets(`04${octets(this.service("28", initiate))}`);
    const title = `a40a0408${toHex(this.title)}`;
    const body = `a109060760857405080103a203020100a305a103020100${title}${more}be${information}`;
    return `61${octets(body)}`;
  }
}
