// Options of a meter's line that depend on no other setting: outputs of a serial port, and the gateway before the meter.
import type { ConnectOptions } from "../../src/index";
import type { RawSettings } from "../node-red/raw-settings";
import { choice, optionalInteger, text } from "./setting-values";
import { meterSettings } from "./settings-table";

/** DTR and RTS of a serial port, for optical heads that take their supply from them. */
export function outputsOf(raw: RawSettings): { readonly dtr?: boolean; readonly rts?: boolean } {
  const dtr = meterSettings.dtr.choices[choice(raw, "dtr")];
  const rts = meterSettings.rts.choices[choice(raw, "rts")];
  return { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) };
}

/** Without a device there is no gateway. */
export function gatewayOf(raw: RawSettings): Pick<ConnectOptions, "gateway"> {
  const network = optionalInteger(raw, "gatewayNetwork");
  const device = text(raw, "gatewayDevice");
  return device === "" ? {} : { gateway: { device, ...(network === undefined ? {} : { network }) } };
}
