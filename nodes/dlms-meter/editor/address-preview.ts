// Shows the server address as encoded in an HDLC frame, below its fields.
import { encodeAddress, type HdlcAddressSize, serverAddress } from "../../../src/link/hdlc/address";
import { isEnv, textIn } from "../../editor/values";
import { t } from "./checks";
import { field } from "./dialog-fields";

const sizes: Readonly<Record<string, HdlcAddressSize>> = { "1": 1, "2": 2, "4": 4 };

function addressText(logical: number, physical: number | undefined, size: HdlcAddressSize): string {
  const widest = size === "auto" ? 4 : size;
  const max = widest === 4 ? 16383 : 127;
  if (logical > max || (physical ?? 0) > max) return t("preview.tooLarge", { size: widest, max });
  if (size === 1 && physical !== undefined) return t("preview.noRoom");
  const bytes = encodeAddress(serverAddress(logical, physical, size));
  return [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
}

export function showAddressPreview(): void {
  const logical = textIn(field("serverAddress"));
  const physical = textIn(field("physicalAddress"));
  const preview = $("#dlms-meter-preview");
  if (isEnv(logical) || isEnv(physical)) preview.text(t("preview.env"));
  else if (!/^\d+$/.test(logical) || !/^\d*$/.test(physical)) preview.text("–");
  else {
    const size = sizes[textIn(field("addressSize"))] ?? "auto";
    preview.text(addressText(Number(logical), physical === "" ? undefined : Number(physical), size));
  }
}
