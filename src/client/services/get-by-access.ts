/** Gets several attributes by one ACCESS, for meters without GET with list. */
import { answerTooLong } from "../../apdu";
import type { AttributeDescriptorWithSelection, GetDataResult } from "../../apdu/model";
import type { AttributeRef } from "../../cosem";
import { DlmsDecodeError } from "../../errors";
import type { Association } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { descriptorOf, describeReads } from "./attribute-request";
import { isRefusal } from "./lists";

/** tag, long invoke-id, no date-time, and two counts of up to two bytes (IEC 62056-5-3, ACCESS-request) */
const requestHeader = 10;
/** choice and attribute descriptor in the list of specifications, null-data in the list of data */
const requestItem = 1 + 9 + 1;
/** most that the envelopes of an APDU add: ciphering header, title and tag */
const envelope = 40;
const nullData = Uint8Array.of(0);

/**
 * Whether several attributes are read by one ACCESS: if the meter does not support GET with list. Only general block
 * transfer can split its answers into blocks.
 */
export function usesAccess(
  { session }: Association,
  { hints, noGetWithList }: Pick<FetchOptions, "hints" | "noGetWithList">,
): boolean {
  if (noGetWithList || hints.accessRefused === true) return false;
  const names = session.association?.conformanceNames ?? [];
  return names.includes("access") && !names.includes("multiple-references");
}

/** Maximum bytes of a list to the meter: its PDU size, and the content of one turn of the link. */
export function requestRoom({ session, channel }: Association): number {
  const limit = session.association?.maxPduSize ?? 0;
  return Math.min(limit === 0 ? Number.POSITIVE_INFINITY : limit, channel.bytesPerTurn);
}

/** How many gets fit one ACCESS to the meter. */
export function fitsAccess(active: Association): number {
  const limit = requestRoom(active);
  return Math.max(1, Math.min(255, Math.floor((limit - envelope - requestHeader) / requestItem)));
}

/**
 * One ACCESS with several gets; positions are kept. An undefined item has to be read by its own GET, and so have all
 * items if the meter does not support ACCESS after all.
 */
export async function getByAccess(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<readonly (GetDataResult | undefined)[]> {
  if (refs.length === 0) return [];
  const attributes: AttributeDescriptorWithSelection[] = refs.map(descriptorOf);
  try {
    const answer = await active.run(
      active.session.access(
        attributes.map((attribute) => ({ kind: "get", attribute })),
        attributes.map(() => nullData),
        () => describeReads(refs),
      ),
      options,
    );
    active.answered++;
    options.hints.listsAnswered = true;
    return answer.results.map(({ result }, i): GetDataResult | undefined => {
      if (answerTooLong.has(result)) return undefined;
      const data = answer.data[i];
      return result === 0 && data !== undefined ? { ok: true, data } : { ok: false, result };
    });
  } catch (error) {
    if (!isRefusal(error) && !(error instanceof DlmsDecodeError)) throw error;
    stopAccess(options, error.message);
    return refs.map(() => undefined);
  }
}

export function stopAccess({ hints, note }: FetchOptions, reason: string): void {
  hints.accessRefused = true;
  note?.(`ACCESS is no longer used with this meter, attributes are read one by one: ${reason}`);
}
