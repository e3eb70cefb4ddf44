/** Faults in a definition's own code: they are reported and answered, and never crash the process. */
import { joinBytes } from "../../bytes";

/** A function of the definition threw or returned a value that cannot be encoded. Reported when it is created. */
export class DefinitionFault extends Error {
  constructor(readonly problem: string) {
    super(problem);
  }
}

/** Reports a fault in the code of the definition. */
export type ReportFault = (problem: string) => void;

/** Runs code of the definition; reports an exception and rethrows it as a DefinitionFault. */
export function guarded<T>(place: string, report: ReportFault, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asFault(place, report, error);
  }
}

/** The same for pieces that are computed on demand. */
export function* guardedPieces(
  place: string,
  report: ReportFault,
  pieces: Iterable<Uint8Array>,
): Generator<Uint8Array, void> {
  try {
    yield* pieces;
  } catch (error) {
    throw asFault(place, report, error);
  }
}

function asFault(place: string, report: ReportFault, error: unknown): DefinitionFault {
  if (error instanceof DefinitionFault) return error;
  const fault = new DefinitionFault(`${place}: ${error instanceof Error ? error.message : String(error)}`);
  report(fault.problem);
  return fault;
}

/** Joins all pieces; undefined when one of them could not be computed. */
export function wholeOf(pieces: Iterable<Uint8Array>): Uint8Array | undefined {
  try {
    return joinBytes([...pieces]);
  } catch (error) {
    if (error instanceof DefinitionFault) return undefined;
    throw error;
  }
}
