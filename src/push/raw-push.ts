/** A push that is not opened, because its key is not known: for programs that ask for the pushes of all meters. */
import { type Apdu, parseApdu } from "../apdu";
import { toHex } from "../bytes";
import type { DlmsError } from "../errors";
import { readSecurityHeader } from "../security";
import { base, type Interpretation } from "./data-push";
import { noNotes, type Unit } from "./units/unit";
import { isCiphered, type Opened, type PushSecurity, statedTitle } from "./opening/open";
import { TitleTexts } from "./opening/title-text";
import type { Push } from "./push";

/** The APDU as it was received; undefined if it is not ciphered itself: the key of an APDU inside it is missing. */
export function rawPush(
  unit: Extract<Unit, { kind: "apdu" }>,
  reason: DlmsError,
  how: (systemTitle: Uint8Array | null) => Interpretation,
): Push | undefined {
  const { apdu } = unit;
  const envelope = unopened(unit.parsed ?? parseApdu(apdu));
  if (envelope === undefined) return undefined;
  const { systemTitle, security } = envelope;
  const title = systemTitle === null ? null : new TitleTexts().of(systemTitle);
  const opened = { plain: apdu, security, systemTitle, title, notes: noNotes };
  return {
    kind: "raw",
    meterId: null,
    listId: null,
    table: null,
    time: null,
    clock: null,
    longInvokeId: null,
    confirmed: false,
    values: {},
    items: [],
    raw: toHex(apdu),
    notes: unit.notes.concat(reason.message),
    ...base(unit, opened, how(systemTitle)),
  };
}

/** The header of a ciphered APDU that is not opened; undefined for other APDUs. */
function unopened(apdu: Apdu): Pick<Opened, "systemTitle" | "security"> | undefined {
  if (!isCiphered(apdu)) return undefined;
  const { control, invocationCounter } = readSecurityHeader(apdu.content);
  const { suite, encrypted, authenticated } = control;
  const title = statedTitle(apdu);
  const isDedicated = apdu.apdu === "general-ded-ciphering";
  const keySet = control.broadcast ? "global broadcast" : isDedicated ? "dedicated" : "global unicast";
  const security: PushSecurity = {
    control: control.byte.toString(16).padStart(2, "0"),
    suite,
    encrypted,
    authenticated,
    verified: false,
    keySet,
    invocationCounter,
    gap: 0,
    repeated: false,
  };
  return { systemTitle: title.length === 0 ? null : title, security };
}
