/** Splits a field in which an answer follows pushes: some meters put both into one WPDU or information field. */
import { splitApdus } from "../../apdu";
import { isPush, type PartPushes } from "../../link";

/**
 * A field that begins with pushes and continues with an answer, in its two parts; undefined for a field with pushes
 * only.
 */
export const partPushes: PartPushes = (field) => {
  const { pieces } = splitApdus(field);
  const at = pieces.findIndex(({ bytes }) => !isPush(bytes));
  const [last, answer] = [pieces[at - 1]?.bytes, pieces[at]?.bytes];
  if (last === undefined || answer === undefined) return undefined;
  const offset = ({ byteOffset }: Uint8Array): number => byteOffset - field.byteOffset;
  return { pushes: field.subarray(0, offset(last) + last.length), answer: field.subarray(offset(answer)) };
};
