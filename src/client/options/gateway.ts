/** The option `gateway`: a device behind a gateway. */
import { fromHex, toHex } from "../../bytes";
import { integer, invalid, object } from "../../errors/arguments";
import type { GatewayAddress } from "../../link";
import type { GatewayOptions } from "./options";

const maxDeviceBytes = 255;

/** @throws DlmsConfigError CONFIG_INVALID */
export function gatewayOf(given: GatewayOptions | undefined): GatewayAddress | undefined {
  if (given === undefined) return undefined;
  object("gateway", given, "{ network, device }");
  const network = integer("gateway.network", given.network ?? 0, 0, 255);
  const device = deviceBytes(given.device);
  if (device.length >= 1 && device.length <= maxDeviceBytes) return { network, device };
  throw invalid("gateway.device", `1 to ${maxDeviceBytes} bytes`, `${device.length} bytes`);
}

function deviceBytes(device: unknown): Uint8Array {
  if (device instanceof Uint8Array) return Uint8Array.from(device);
  if (typeof device !== "string") throw invalid("gateway.device", "a text, 0x and hex digits, or bytes", device);
  const [, hex] = /^0x((?:[0-9a-f]{2})+)$/i.exec(device) ?? [];
  if (hex !== undefined) return fromHex(hex);
  if (/^[\x20-\x7e]*$/.test(device) && !/^0x/i.test(device)) return new TextEncoder().encode(device);
  throw invalid("gateway.device", "ASCII characters, or 0x and an even number of hex digits", device);
}

/** For keys of accounts and meters: empty without a gateway. Equal for all spellings of one device. */
export function gatewayKey(given: GatewayOptions | undefined): string {
  const gateway = gatewayOf(given);
  return gateway === undefined ? "" : ` via ${gateway.network}/${toHex(gateway.device)}`;
}
