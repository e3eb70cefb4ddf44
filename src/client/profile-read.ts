import { encodeValueBytes } from "../codec";
import { type AttributeRef, obisPrinted, type Selection } from "../cosem";
import { DlmsDecodeError, DlmsServiceError } from "../errors";
import { accessError } from "./access-error";
import type { ActiveSession } from "./active-session";
import { type FetchOptions, readVariables, shortNameOf, shortNamesOf } from "./fetch";
import { type Attempt, attemptsFor, type ProfileReading, type Wanted } from "./profile-attempts";
import { chooseColumns } from "./profile-choice";
import { profileInfo } from "./profile-info";
import { RowSink } from "./row-sink";
import { descriptorOf } from "./wanted";

export type { ProfileProgress, ProfileRange, SelectionUsed } from "./profile-attempts";

/** Reads the rows of a profile by the first way that the meter accepts. */
export async function readProfile(
  active: ActiveSession,
  reading: ProfileReading,
  options: FetchOptions,
): Promise<void> {
  const reversedDeviation = reading.zone.reversedDeviation === true;
  const info = await profileInfo(active, reading.ref, { ...options, reversedDeviation });
  const wanted: Wanted = { info, choice: chooseColumns(info, reading.columns) };
  const attempts = await attemptsFor(active, reading, wanted, options);
  if (attempts.length === 0) {
    reading.begun(wanted.choice.columns, "entry");
    return;
  }
  for (const [index, attempt] of attempts.entries()) {
    const refusal = await tryAttempt(active, reading, wanted, attempt, options);
    if (refusal === 0) return;
    const next = attempts[index + 1];
    if (next === undefined) throw typeof refusal === "number" ? accessError("get", reading.ref, refusal) : refusal;
    reading.note(
      `read profile ${obisPrinted(reading.ref.logicalName)}: ${refusalText(refusal)}, ${next.note ?? "trying another"}`,
    );
  }
}

/** deciphering-error, invocation-counter-error: of the envelope, not of what is asked for */
const envelopeErrors = new Set<unknown>([5, 6]);

/** Some meters have no result code for a selector that they do not know, but an exception-response. */
function refusesSelection(error: unknown): error is DlmsServiceError {
  return error instanceof DlmsServiceError && !envelopeErrors.has(error.details.serviceError);
}

type Refusal = number | DlmsServiceError | DlmsDecodeError;

function refusalText(refusal: Refusal): string {
  if (refusal instanceof DlmsDecodeError) return "the meter sent other columns than were asked for";
  const how = typeof refusal === "number" ? String(refusal) : exceptionText(refusal);
  return `the meter refused the selection (${how})`;
}

function exceptionText({ details: { stateError, serviceError } }: DlmsServiceError): string {
  if (typeof stateError !== "number") return "service error";
  return `exception ${stateError}, ${String(serviceError)}`;
}

/**
 * Returns 0, or with what the meter refused before anything came: a result, or an exception where it was a selection;
 * or what is wrong with the columns that came.
 */
async function tryAttempt(
  active: ActiveSession,
  reading: ProfileReading,
  wanted: Wanted,
  attempt: Attempt,
  options: FetchOptions,
): Promise<Refusal> {
  let began = false;
  for (const selection of attempt.pieces ?? [attempt.selection]) {
    const sink = new RowSink(reading, wanted, attempt);
    const onChunk = (bytes: Uint8Array): Promise<void> => sink.take(bytes);
    let result: number;
    try {
      result = await fetchChunks(active, reading.ref, selection, { ...options, onChunk });
    } catch (error) {
      if (selection === undefined || began || sink.began || !refusesSelection(error)) throw error;
      return error;
    }
    if (result !== 0) {
      if (began || sink.began) throw accessError("get", reading.ref, result);
      return result;
    }
    if (sink.misfit !== undefined) {
      if (began) throw sink.misfit;
      return sink.misfit;
    }
    began = true;
    await sink.finish();
  }
  return 0;
}

async function fetchChunks(
  active: ActiveSession,
  ref: AttributeRef,
  selection: Selection | undefined,
  options: FetchOptions,
): Promise<number> {
  const what = `read profile ${obisPrinted(ref.logicalName)}`;
  if (active.session.association?.referencing === "sn") return fetchShortName(active, ref, selection, options, what);
  const descriptor = { ...descriptorOf(ref), ...(selection === undefined ? {} : { access: selection }) };
  const outcome = await active.run(active.session.getChunks(descriptor, what), options);
  active.answered++;
  return outcome.ok ? 0 : outcome.result;
}

async function fetchShortName(
  active: ActiveSession,
  ref: AttributeRef,
  selection: Selection | undefined,
  options: FetchOptions,
  what: string,
): Promise<number> {
  const name = shortNameOf(await shortNamesOf(active, options), ref);
  if (name === undefined) return 4;
  const variable =
    selection === undefined
      ? ({ kind: "variable-name", name } as const)
      : ({
          kind: "parameterized-access",
          name,
          selector: selection.selector,
          data: encodeValueBytes(selection.parameters),
        } as const);
  const [answer] = await readVariables(active, [variable], what, options);
  if (answer?.kind !== "data") return answer?.kind === "error" ? answer.result : 250;
  await options.onChunk?.(answer.data, 1, true);
  return 0;
}
