import { joinBytes } from "../../bytes";

/** A function of the definition threw, or gave a value that cannot be sent. It is recorded when it is made. */
export class DefinitionFault extends Error {
  constructor(readonly problem: string) {
    super(problem);
  }
}

/** Called with what went wrong in the definition's own code. */
export type ReportFault = (problem: string) => void;

/** Runs the definition's code; what it throws is reported, and becomes a DefinitionFault. */
export function guarded<T>(what: string, report: ReportFault, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asFault(what, report, error);
  }
}

/** The same for pieces that are made while they are taken. */
export function* guardedPieces(
  what: string,
  report: ReportFault,
  pieces: Iterable<Uint8Array>,
): Generator<Uint8Array, void> {
  try {
    yield* pieces;
  } catch (error) {
    throw asFault(what, report, error);
  }
}

function asFault(what: string, report: ReportFault, error: unknown): DefinitionFault {
  if (error instanceof DefinitionFault) return error;
  const fault = new DefinitionFault(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  report(fault.problem);
  return fault;
}

/** All pieces at once; undefined when one of them could not be made. */
export function wholeOf(pieces: Iterable<Uint8Array>): Uint8Array | undefined {
  try {
    return joinBytes([...pieces]);
  } catch (error) {
    if (error instanceof DefinitionFault) return undefined;
    throw error;
  }
}
