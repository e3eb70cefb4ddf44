// Names that a push does not carry, read once from the meter itself: the object lists of its push setups, and the scalers.
import {
  attribute,
  type AttributeRef,
  type Clock,
  type DlmsClient,
  type DlmsError,
  DlmsStateError,
  isDlmsError,
  type PushSetupObject,
  type SharedMeter,
} from "../../src/index";
import type { KnownMeter } from "./known-meter";

/** ms after which a meter that could not be read is asked again, when it pushes. */
const againMs = 600_000;
/** ms for reading everything of one meter. */
const readMs = 120_000;
const pushSetupClass = 40;
const usualSetup = "0.0.25.9.0.255";
/** Push setups of one meter that are read. */
const maxSetups = 16;
/** The attribute with scaler and unit, by class. */
const scalerAttributes: Readonly<Record<number, number>> = { 3: 3, 4: 3, 5: 4 };

type Objects = readonly (readonly PushSetupObject[])[];

interface Entry {
  objects: Objects | undefined;
  triedAt: number;
  running: boolean;
}

export interface LearnedNamesParts {
  readonly clock: Clock;
  /** the session of a deployed `dlms-meter`. @throws DlmsConfigError */
  readonly sessionOf: (id: string) => SharedMeter;
  /** id of the node that asks, for the session's list of users */
  readonly user: string;
  readonly onProblem: (meter: KnownMeter, problem: DlmsError) => void;
}

export class LearnedNames {
  readonly #parts: LearnedNamesParts;
  readonly #meters = new Map<string, Entry>();
  readonly #ending = new AbortController();

  constructor(parts: LearnedNamesParts) {
    this.#parts = parts;
  }

  /** The object lists of a meter; undefined until they are read. The first call starts to read. */
  objectsOf(meter: KnownMeter): Objects | undefined {
    if (meter.meter === undefined) return undefined;
    const now = this.#parts.clock.now();
    const entry = this.#meters.get(meter.meter) ?? { objects: undefined, triedAt: -Infinity, running: false };
    this.#meters.set(meter.meter, entry);
    if (entry.objects === undefined && !entry.running && now - entry.triedAt >= againMs) {
      entry.running = true;
      entry.triedAt = now;
      void this.#learn(meter, meter.meter, entry);
    }
    return entry.objects;
  }

  /** Aborts the read in progress. */
  close(): void {
    this.#ending.abort(new DlmsStateError("STATE_CLOSED", "the push source was closed by a deploy"));
  }

  async #learn(meter: KnownMeter, id: string, entry: Entry): Promise<void> {
    const { sessionOf, user, onProblem } = this.#parts;
    const { signal } = this.#ending;
    try {
      const session = sessionOf(id);
      session.addUser({ id: user, meterChanged: () => undefined });
      try {
        entry.objects = await session.run((client) => readSetups(client, { signal, timeoutMs: readMs }), signal);
      } finally {
        await session.removeUser(user);
      }
    } catch (error) {
      if (!signal.aborted && isDlmsError(error)) onProblem(meter, error);
    } finally {
      entry.running = false;
    }
  }
}

interface Bound {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Not every client may read the list of all objects; most may read the usual push setup. */
async function setupsOf(client: DlmsClient, bound: Bound): Promise<string[]> {
  try {
    const { objects } = await client.browse(bound);
    const setups = objects.filter(({ classId }) => classId === pushSetupClass).map(({ logicalName }) => logicalName);
    return setups.length === 0 ? [usualSetup] : setups.slice(0, maxSetups);
  } catch (error) {
    if (!isDlmsError(error) || error.layer !== "access") throw error;
    return [usualSetup];
  }
}

async function readSetups(client: DlmsClient, bound: Bound): Promise<Objects> {
  const setups = await setupsOf(client, bound);
  const lists = await client.readMany(
    setups.map((name) => ({ classId: pushSetupClass, logicalName: name, attributeId: 2 })),
    bound,
  );
  const found = lists.flatMap((outcome) => (outcome.ok ? [objectsIn(outcome.value.value)] : []));
  const failed = lists.find((outcome) => !outcome.ok);
  if (found.length === 0 && failed !== undefined && !failed.ok) throw failed.error;
  const scalers = await scalersOf(client, found.flat(), bound);
  return found.map((list) => list.map((object) => ({ ...object, ...scalers.get(object.logicalName) })));
}

/** The entries of a push_object_list, as the class table shows them. */
function objectsIn(value: unknown): PushSetupObject[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { classId, logicalName, attributeId, dataIndex } = entry as Readonly<Record<string, unknown>>;
    if (typeof classId !== "number" || typeof logicalName !== "string" || typeof attributeId !== "number") return [];
    return [{ classId, logicalName, attributeId, ...(typeof dataIndex === "number" && { dataIndex }) }];
  });
}

async function scalersOf(
  client: DlmsClient,
  objects: readonly PushSetupObject[],
  bound: Bound,
): Promise<Map<string, { scaler: number; unit: number }>> {
  const refs = new Map<string, AttributeRef>();
  for (const { classId, logicalName, attributeId } of objects) {
    const of = scalerAttributes[classId];
    if (attributeId === 2 && of !== undefined) refs.set(logicalName, attribute(classId, logicalName, of));
  }
  const names = [...refs.keys()];
  const outcomes = names.length === 0 ? [] : await client.readMany([...refs.values()], bound);
  const scalers = new Map<string, { scaler: number; unit: number }>();
  outcomes.forEach((outcome, i) => {
    const value = outcome.ok ? (outcome.value.value as { scaler?: unknown; unitCode?: unknown } | null) : null;
    const name = names[i];
    if (name === undefined || typeof value?.scaler !== "number" || typeof value.unitCode !== "number") return;
    scalers.set(name, { scaler: value.scaler, unit: value.unitCode });
  });
  return scalers;
}
