/** Collects the seeds of each target: vectors, recorded sessions and texts. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, fromHex } from "../../src/bytes";
import { householdDefinition } from "../../src/simulator";
import { meterCertificate, meterCertificateKey, untitledCertificate } from "../support/meter-certificates";
import { recordedSeeds } from "./recorded";
import type { SeedKind, Target } from "./targets";

export interface Seed {
  readonly kind: SeedKind;
  readonly bytes: Uint8Array;
}

const longest = 4096;

/** Pattern of hex in a test; it matches APDUs and values alike. */
function kindsOf(bytes: Uint8Array): SeedKind[] {
  if (bytes[0] === 0x7e) return ["hdlc"];
  if (bytes[0] === 0 && bytes[1] === 1) return ["wrapper"];
  return ["apdu", "data"];
}

const layers: Readonly<Record<string, readonly SeedKind[]>> = {
  hdlc: ["hdlc"],
  wrapper: ["wrapper"],
  apdu: ["apdu"],
  axdr: ["data"],
  security: ["apdu"],
};

const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text);

function typedSeeds(folder: string): Seed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return typedSeeds(path);
    if (!entry.name.endsWith(".ts")) return [];
    const found = readFileSync(path, "utf8").match(/(?<=["'`])[0-9a-f]{6,}(?=["'`])/gi) ?? [];
    return found.filter(isHex).flatMap((hex) => {
      const bytes = fromHex(hex);
      return kindsOf(bytes).map((kind) => ({ kind, bytes }));
    });
  });
}

interface Vector {
  readonly layer?: string;
  readonly hex?: string;
  readonly frames?: readonly { readonly hex?: string }[];
}

/** The collection next to the repository, if present. */
function collectedSeeds(folder: string): Seed[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const vectors = files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Vector[]);
  return vectors.flatMap(({ layer = "", hex, frames = [] }) =>
    [hex, ...frames.map((frame) => frame.hex)].flatMap((text) => {
      if (text === undefined || text === "" || !isHex(text)) return [];
      const bytes = fromHex(text);
      return (layers[layer] ?? kindsOf(bytes)).map((kind) => ({ kind, bytes }));
    }),
  );
}

const texts: readonly string[] = [
  "1.0.1.8.0.255",
  "1-0:1.8.0*255",
  "0-0:96.1.0",
  "0100010800ff",
  "0x4D4D4D0000000001",
  "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
  "2024-03-31T02:30:00+01:00",
  "2024-02-29",
  "attribute\n1.0.1.8.0.255\nREGISTER\n2",
  'profile\n1.0.99.1.0.255\n\n\n{"from":"2024-01-01","to":"2024-01-02"}\n1.0.1.8.0.255, 0.0.1.0.0.255',
  'profile\n1.0.99.1.0.255\n\n\n{"last":10}\n',
];
const requests: readonly unknown[] = [
  { mode: "list", points: [{ name: "a", logicalName: "1.0.1.8.0.255", objectType: "REGISTER", attributeId: 2 }] },
  { mode: "profile", obis: "1.0.99.1.0.255", range: { entries: [1, 5] }, columns: ["1.0.1.8.0.255"] },
  { mode: "attribute", logicalName: "0.0.42.0.0.255", objectType: 1, attributeId: "value" },
];
const definition = {
  associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: "password" }],
  objects: [
    { classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: { type: "double-long-unsigned", value: 5 } } },
    { classId: 1, logicalName: "0.0.42.0.0.255", attributes: { 2: { type: "octet-string", value: "4d4554" } } },
  ],
};

function writtenSeeds(): Seed[] {
  const of = (kind: SeedKind, text: string): Seed => ({ kind, bytes: Uint8Array.from(Buffer.from(text, "latin1")) });
  return [
    ...[meterCertificate, untitledCertificate, meterCertificateKey].map((pem) => of("pem", pem)),
    ...texts.map((text) => of("text", text)),
    ...[...requests, definition, householdDefinition().associations].map((json) => of("json", JSON.stringify(json))),
  ];
}

/** The seeds of every target: vectors, sessions with the simulated meter, and texts; the same on every machine. */
export async function allSeeds(root: string): Promise<readonly Seed[]> {
  return [
    ...writtenSeeds(),
    ...(await recordedSeeds()),
    ...typedSeeds(join(root, "test", "unit")),
    ...collectedSeeds(join(root, "..", "shared", "vectors")),
  ];
}

/** The inputs that a target begins with, each once. */
export function seedsFor(target: Target, seeds: readonly Seed[]): Uint8Array[] {
  const unique = new Map<string, Uint8Array>();
  for (const { kind, bytes } of seeds) {
    if (!target.seeds.includes(kind)) continue;
    for (const prefix of target.prefixes ?? [[]]) {
      const input = concatBytes(Uint8Array.from(prefix), bytes.subarray(0, longest));
      unique.set(nameOf(input), input);
    }
  }
  return [...unique.values()];
}

const nameOf = (input: Uint8Array): string => createHash("sha1").update(input).digest("hex");

/** Writes the seeds of a target into its folder, one file each, for the engine. */
export function writeCorpus(folder: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, nameOf(input)), input);
}
