/**
 * The prefix by which a gateway (a concentrator or a meter with others behind it) knows the device that an APDU is for:
 * E6 in requests and E7 in answers, the network, and the length and bytes of the device's physical address.
 */

/** A device behind a gateway. */
export interface GatewayAddress {
  /** network of the gateway, 0..255 */
  readonly network: number;
  /** physical address of the device, 1..255 bytes */
  readonly device: Uint8Array;
}

export interface GatewayPrefix extends GatewayAddress {
  /** bytes before the APDU */
  readonly length: number;
}

const requestTag = 0xe6;
const answerTag = 0xe7;
/** tag, network, length of the device's address */
const fixedLength = 3;

/** The prefix before an APDU; undefined without one. */
export function gatewayPrefixOf(bytes: Uint8Array): GatewayPrefix | undefined {
  const [tag, network = 0, size = 0] = bytes;
  const length = fixedLength + size;
  if ((tag !== requestTag && tag !== answerTag) || size === 0 || bytes.length <= length) return undefined;
  return { network, device: bytes.subarray(fixedLength, length), length };
}

/** The APDU after the prefix; all bytes without a prefix. */
export function withoutGateway(bytes: Uint8Array): Uint8Array {
  const prefix = gatewayPrefixOf(bytes);
  return prefix === undefined ? bytes : bytes.subarray(prefix.length);
}

/** A request with the prefix of its device. */
export function withGateway(apdu: Uint8Array, { network, device }: GatewayAddress): Uint8Array {
  const bytes = new Uint8Array(fixedLength + device.length + apdu.length);
  bytes.set([requestTag, network, device.length]);
  bytes.set(device, fixedLength);
  bytes.set(apdu, fixedLength + device.length);
  return bytes;
}
