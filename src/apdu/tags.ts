/** One xDLMS APDU: its tag, and the tags of its service-specific ciphered forms where it has any. */
export interface ApduTagRow {
  readonly tag: number;
  readonly name: string;
  readonly glo?: number;
  readonly ded?: number;
}

/** The tags of IEC 62056-5-3, clause 8 (XDLMS-APDU), and those of ACSE. */
export const apduTags = [
  { tag: 0x01, name: "initiate-request", glo: 0x21, ded: 0x41 },
  { tag: 0x05, name: "read-request", glo: 0x25, ded: 0x45 },
  { tag: 0x06, name: "write-request", glo: 0x26, ded: 0x46 },
  { tag: 0x08, name: "initiate-response", glo: 0x28, ded: 0x48 },
  { tag: 0x0c, name: "read-response", glo: 0x2c, ded: 0x4c },
  { tag: 0x0d, name: "write-response", glo: 0x2d, ded: 0x4d },
  { tag: 0x0e, name: "confirmed-service-error", glo: 0x2e, ded: 0x4e },
  { tag: 0x0f, name: "data-notification" },
  { tag: 0x10, name: "data-notification-confirm" },
  { tag: 0x16, name: "unconfirmed-write-request", glo: 0x36, ded: 0x56 },
  { tag: 0x18, name: "information-report", glo: 0x38, ded: 0x58 },
  { tag: 0x60, name: "aarq" },
  { tag: 0x61, name: "aare" },
  { tag: 0x62, name: "rlrq" },
  { tag: 0x63, name: "rlre" },
  { tag: 0xc0, name: "get-request", glo: 0xc8, ded: 0xd0 },
  { tag: 0xc1, name: "set-request", glo: 0xc9, ded: 0xd1 },
  { tag: 0xc2, name: "event-notification", glo: 0xca, ded: 0xd2 },
  { tag: 0xc3, name: "action-request", glo: 0xcb, ded: 0xd3 },
  { tag: 0xc4, name: "get-response", glo: 0xcc, ded: 0xd4 },
  { tag: 0xc5, name: "set-response", glo: 0xcd, ded: 0xd5 },
  { tag: 0xc7, name: "action-response", glo: 0xcf, ded: 0xd7 },
  { tag: 0xd8, name: "exception-response" },
  { tag: 0xd9, name: "access-request" },
  { tag: 0xda, name: "access-response" },
  { tag: 0xdb, name: "general-glo-ciphering" },
  { tag: 0xdc, name: "general-ded-ciphering" },
  { tag: 0xdd, name: "general-ciphering" },
  { tag: 0xdf, name: "general-signing" },
  { tag: 0xe0, name: "general-block-transfer" },
] as const satisfies readonly ApduTagRow[];

const rows: readonly ApduTagRow[] = apduTags;
const byPlain = new Map(rows.map((row) => [row.tag, row]));
const byCiphered = new Map<number, { readonly tag: number; readonly keySet: "global" | "dedicated" }>();
const names = new Map<number, string>();
for (const { tag, name, glo, ded } of rows) {
  names.set(tag, name);
  if (glo !== undefined) {
    byCiphered.set(glo, { tag, keySet: "global" });
    names.set(glo, `glo-${name}`);
  }
  if (ded !== undefined) {
    byCiphered.set(ded, { tag, keySet: "dedicated" });
    names.set(ded, `ded-${name}`);
  }
}

/** The glo tag of a plain APDU's tag; undefined where the APDU has none (ACCESS, data-notification, ...). */
export function gloTag(plain: number): number | undefined {
  return byPlain.get(plain)?.glo;
}

/** The ded tag of a plain APDU's tag; undefined where the APDU has none. */
export function dedTag(plain: number): number | undefined {
  return byPlain.get(plain)?.ded;
}

/** The plain tag of a glo or ded tag, and the key that protects the APDU; undefined for other tags. */
export function cipheredTag(
  tag: number,
): { readonly tag: number; readonly keySet: "global" | "dedicated" } | undefined {
  return byCiphered.get(tag);
}

/** The name of an APDU by its tag byte: "get-request", "glo-get-response", ...; undefined for an unknown tag. */
export function apduName(tag: number): string | undefined {
  return names.get(tag);
}
