/** Fuzz targets for settings that come with a message. */
import assert from "node:assert/strict";
import type { Node, NodeAPI } from "node-red";
import { readRequestOf } from "../../../nodes/dlms-read/read-request";
import { fromHex, toHex } from "../../../src/bytes";
import { dateTimeToBytes, obisDotted, parseObis, readMoment } from "../../../src/cosem";
import { parseKey, parseSecret, parseSystemTitle } from "../../../src/security";
import { importPrivateKey, importPublicKey } from "../../../src/security/ec-keys";
import { createMeter, parseDefinition } from "../../../src/simulator";
import { asText, checkError, onlyDlmsErrors, type Target } from "./target";

function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(asText(input)) as unknown;
  } catch {
    return asText(input);
  }
}

/** Fields separated by line feeds become the settings of a message. */
function messageOf(input: Uint8Array): Record<string, unknown> {
  const json = jsonOf(input);
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  const [mode, logicalName, objectType, attributeId, range, columns] = asText(input).split("\n");
  return { mode, logicalName, objectType, attributeId, range, columns };
}

const RED = { util: { evaluateNodeProperty: () => undefined } } as unknown as NodeAPI;

export const settingTargets: readonly Target[] = [
  {
    name: "pem",
    seeds: ["pem"],
    run: (input) => {
      const text = asText(input);
      for (const one of [text, input]) {
        onlyDlmsErrors(() => importPublicKey(one, ["P-256", "P-384"], "certificate"));
        onlyDlmsErrors(() => importPrivateKey(one, ["P-256", "P-384"], "key"));
      }
    },
  },
  {
    name: "definition",
    seeds: ["json"],
    run: (input) => {
      const definition = onlyDlmsErrors(() => parseDefinition(jsonOf(input)));
      if (definition !== undefined) onlyDlmsErrors(() => createMeter(definition));
    },
  },
  {
    name: "texts",
    seeds: ["text"],
    run: (input) => {
      const text = asText(input);
      const obis = onlyDlmsErrors(() => parseObis(text));
      if (obis !== undefined) assert.deepEqual(parseObis(obisDotted(obis)), obis);
      const bytes = onlyDlmsErrors(() => fromHex(text));
      if (bytes !== undefined) assert.deepEqual(fromHex(toHex(bytes)), bytes);
      onlyDlmsErrors(() => readMoment(text));
      onlyDlmsErrors(() => dateTimeToBytes(text, { timeZone: "Europe/Berlin" }));
      onlyDlmsErrors(() => parseSystemTitle(text));
      onlyDlmsErrors(() => parseKey(text, "hex", 0, "key"));
      onlyDlmsErrors(() => parseSecret(text, "hex", "secret"));
      onlyDlmsErrors(() => parseSecret(text, "text", "secret"));
    },
  },
  {
    name: "read-request",
    seeds: ["text", "json"],
    run: async (input) => {
      const msg = messageOf(input) as unknown as Parameters<typeof readRequestOf>[3];
      await readRequestOf(RED, {} as Node, {}, msg, "OBIS").catch(checkError);
    },
  },
];
