// The list tables that the dialog offers, by id. The tables are in src/push/lists; test/nodes/catalogue.test.ts compares
// the two.

const ids = [
  ...["kaifa-1", "kaifa-9", "kaifa-13", "kaifa-14", "kaifa-18", "kamstrup", "kamstrup-wh"],
  ...["wiener-netze", "kelag", "lg-e450", "ch-0-8", "ch-0-9"],
  ...["si-18", "si-12-energy", "si-12-power", "si-9-power", "si-9-energy", "si-4"],
] as const;

export function pushListIds(): readonly string[] {
  return ids;
}
