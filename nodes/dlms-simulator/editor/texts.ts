// The texts of the dlms-simulator dialog.
import { textsOf } from "../../editor/red";

export const t = textsOf("dlms-simulator");
