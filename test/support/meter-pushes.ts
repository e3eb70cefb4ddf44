/** Pushes as meters send them: data-notifications of one register, plain and ciphered, in wrapper PDUs. */
import { concatBytes, fromHex } from "../../src/bytes";
import { protect } from "../../src/security";

export const pushKeys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
} as const;

/** The system title of the meter with this number. */
export const titleOf = (number: number): Uint8Array => {
  const title = fromHex("5453540000000000");
  new DataView(title.buffer).setUint32(4, number);
  return title;
};

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

/** A data-notification with the energy register 1.8.0 in Wh. */
export const notification = (value: number): Uint8Array =>
  concatBytes(fromHex("0f4000000000" + "01010203" + "09060100010800ff" + "06"), u32(value), fromHex("02020f00161e"));

/** A WPDU from a meter to the push client 102. */
export function wrapped(apdu: Uint8Array, source = 1): Uint8Array {
  return concatBytes(
    Uint8Array.of(0, 1, source >> 8, source & 0xff, 0, 0x66, apdu.length >> 8, apdu.length & 0xff),
    apdu,
  );
}

export const plainPush = (value: number): Uint8Array => wrapped(notification(value));

export interface CipheredPush {
  readonly meter?: number;
  readonly counter: number;
  readonly value?: number;
  readonly keys?: { readonly encryptionKey: Uint8Array; readonly authenticationKey: Uint8Array };
}

/** The same in a general-glo-ciphering, authenticated and encrypted. */
export function cipheredPush({ meter = 1, counter, value = counter, keys = pushKeys }: CipheredPush): Uint8Array {
  const systemTitle = titleOf(meter);
  const content = protect({
    plaintext: notification(value),
    keys,
    suite: 0,
    securityControl: 0x30,
    invocationCounter: counter,
    systemTitle,
  });
  return wrapped(concatBytes(Uint8Array.of(0xdb, 8), systemTitle, Uint8Array.of(content.length), content));
}
