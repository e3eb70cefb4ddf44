// The texts of the dlms-write dialog.
import { textsOf } from "../../editor/red";

export const t = textsOf("dlms-write");
