import { enumeration } from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book) excerpt, 4.5; IEC 62056-6-2";

/** Load and tariff control by switches, limits and monitors. */
export const controlClasses = [
  {
    id: 70,
    version: 0,
    title: "Disconnect control",
    attributes: [
      ["output_state", "boolean"],
      ["control_state", "enum", enumeration({ 0: "disconnected", 1: "connected", 2: "ready-for-reconnection" })],
      [
        "control_mode",
        "enum",
        enumeration({ 0: "mode-0", 1: "mode-1", 2: "mode-2", 3: "mode-3", 4: "mode-4", 5: "mode-5", 6: "mode-6" }),
      ],
    ],
    methods: ["remote_disconnect", "remote_reconnect"],
    methodsAt: 0x20,
    source,
  },
] as const satisfies readonly ClassRow[];
