/** Joins link station, associations and behaviours of one connection to a simulated meter. */
import type { Apdu } from "../apdu";
import type { RandomSource } from "../security";
import { AssociationMachine, type AssociationHost } from "./association/association";
import type { Behaviour, BehaviourLine, LineAction } from "./behaviours/behaviour";
import type { MeterDefinition, SimulatedAssociation } from "./definition/definition";
import { type HdlcLinks, SimulatedHdlcStation } from "./stations/hdlc-station";
import { ModeEStation } from "./stations/mode-e-station";
import type { MeterModel } from "./objects/model";
import type { ReceivedEvent } from "./received";
import type { FrameVerdict, IncomingFrame, Station, StationHost } from "./stations/station";
import { WrapperStation } from "./stations/wrapper-station";

/** The parts of a meter that all of its connections share. */
export interface MeterCore {
  readonly definition: MeterDefinition;
  readonly model: MeterModel;
  readonly systemTitle: Uint8Array;
  readonly random: RandomSource;
  /** newest first */
  readonly behaviours: readonly Behaviour[];
  /** open associations on all connections */
  readonly associations: Set<AssociationMachine>;
  /** HDLC links that outlive their connection */
  readonly links: HdlcLinks;
  lastCounter(account: SimulatedAssociation): number;
  accept(account: SimulatedAssociation, counter: number): void;
  nextCounter(): number;
  record(event: ReceivedEvent): void;
}

/** The most client addresses of one connection. */
const maxClients = 256;

/**
 * One connection to a meter: link station, associations and behaviours. It receives bytes and emits line actions
 * through `emit`; it uses no socket, timer or clock.
 */
export class ServerMachine implements AssociationHost, StationHost {
  readonly #core: MeterCore;
  readonly #emit: (action: LineAction) => void;
  readonly #station: Station;
  readonly #associations = new Map<number, AssociationMachine>();
  readonly #line: BehaviourLine;
  #client = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(core: MeterCore, emit: (action: LineAction) => void) {
    this.#core = core;
    this.#emit = emit;
    const { definition } = core;
    this.#station = this.#makeStation(definition);
    this.#line = this.#makeLine();
  }

  get model(): MeterModel {
    return this.#core.model;
  }
  get systemTitle(): Uint8Array {
    return this.#core.systemTitle;
  }
  get random(): RandomSource {
    return this.#core.random;
  }

  /** Processes bytes from the client. */
  receive(bytes: Uint8Array): void {
    let taken = bytes;
    for (const behaviour of this.#core.behaviours) taken = behaviour.bytesIn?.(taken, this.#line) ?? taken;
    this.#bytesIn += bytes.length;
    if (taken.length > 0) this.#send(this.#station.receive(taken));
  }

  /** Sends an unsolicited APDU. */
  notify(apdu: Uint8Array, client = this.#client): void {
    this.#send(this.#station.notify(apdu, client));
  }

  /** Sends frames that are already built. */
  sendFrames(frames: readonly Uint8Array[]): void {
    this.#send(frames);
  }

  /** Discards links and associations; the connection stays open. */
  restart(): void {
    this.#station.reset();
    this.hangUp();
  }

  /** The connection was lost: discards its associations. */
  hangUp(): void {
    for (const association of this.#associations.values()) association.reset();
  }

  // --- StationHost

  frameCame(frame: IncomingFrame): FrameVerdict {
    this.#client = frame.client;
    this.#core.record({ kind: "frame", ...frame });
    for (const behaviour of this.#core.behaviours) {
      const verdict = behaviour.frameIn?.(frame, this.#line);
      if (verdict !== undefined) return verdict;
    }
    return "take";
  }

  handle(apdu: Uint8Array, client: number): readonly Uint8Array[] {
    return this.#association(client)?.handle(apdu) ?? [];
  }

  linkReset(client: number): void {
    this.#associations.get(client)?.reset();
  }

  broken(problem: string): void {
    this.#core.record({ kind: "nonsense", bytes: new Uint8Array(0), problem, client: this.#client });
    this.#emit({ kind: "close", reason: "the meter closed the connection" });
  }

  // --- AssociationHost

  admits(): boolean {
    return this.#core.associations.size < (this.#core.definition.maxAssociations ?? Number.POSITIVE_INFINITY);
  }
  opened(association: AssociationMachine): void {
    this.#core.associations.add(association);
  }
  closed(association: AssociationMachine): void {
    this.#core.associations.delete(association);
  }
  lastCounter(account: SimulatedAssociation): number {
    return this.#core.lastCounter(account);
  }
  accept(account: SimulatedAssociation, counter: number): void {
    this.#core.accept(account, counter);
  }
  nextCounter(): number {
    return this.#core.nextCounter();
  }
  recordRequest(apdu: Apdu, bytes: Uint8Array, client: number): void {
    this.#core.record({ kind: "apdu", apdu, bytes, client });
  }
  recordNonsense(bytes: Uint8Array, problem: string, client: number): void {
    this.#core.record({ kind: "nonsense", bytes, problem, client });
  }

  intercept(apdu: Apdu, bytes: Uint8Array): readonly Uint8Array[] | undefined {
    for (const behaviour of this.#core.behaviours) {
      const answers = behaviour.request?.(apdu, bytes, this.#line);
      if (answers !== undefined) return answers;
    }
    return undefined;
  }

  transformPlain(answer: Uint8Array, request: Apdu | undefined): readonly Uint8Array[] {
    return this.#through([answer], (behaviour, bytes) => behaviour.answer?.(bytes, request, this.#line));
  }

  transformSealed(answer: Uint8Array): readonly Uint8Array[] {
    return this.#through([answer], (behaviour, bytes) => behaviour.sealed?.(bytes, this.#line));
  }

  #through(
    answers: readonly Uint8Array[],
    hook: (behaviour: Behaviour, bytes: Uint8Array) => readonly Uint8Array[] | undefined,
  ): readonly Uint8Array[] {
    return this.#core.behaviours.reduce<readonly Uint8Array[]>(
      (current, behaviour) => current.flatMap((bytes) => hook(behaviour, bytes) ?? [bytes]),
      answers,
    );
  }

  /** Returns undefined when the connection has the maximum number of associated clients. */
  #association(client: number): AssociationMachine | undefined {
    const known = this.#associations.get(client);
    if (known !== undefined) return known;
    if (this.#associations.size >= maxClients) {
      const unused = [...this.#associations].find(([, { isAssociated }]) => !isAssociated);
      if (unused === undefined) return undefined;
      unused[1].reset();
      this.#associations.delete(unused[0]);
    }
    const made = new AssociationMachine(this, client);
    this.#associations.set(client, made);
    return made;
  }

  #send(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const actions = this.#core.behaviours.reduce<readonly LineAction[]>(
        (current, behaviour) => current.flatMap((action) => this.#transformAction(behaviour, action)),
        [{ kind: "send", bytes: frame }],
      );
      for (const action of actions) this.#out(action);
    }
  }

  #transformAction(behaviour: Behaviour, action: LineAction): readonly LineAction[] {
    if (action.kind !== "send") return [action];
    const changed = behaviour.frameOut?.(action.bytes, this.#line);
    if (changed === undefined) return [action];
    const [first, ...rest] = changed;
    if (first === undefined || action.delayMs === undefined) return changed;
    return [{ ...first, delayMs: action.delayMs + (first.delayMs ?? 0) }, ...rest];
  }

  #out(action: LineAction): void {
    if (action.kind === "send") this.#bytesOut += action.bytes.length;
    this.#emit(action);
  }

  #makeStation(definition: MeterDefinition): Station {
    if (definition.framing !== "HDLC" && definition.framing !== "HDLC_MODE_E") {
      return new WrapperStation(this, definition.serverAddress ?? 1);
    }
    const links = definition.hdlc?.keepsLinks === true ? this.#core.links : undefined;
    const hdlc = new SimulatedHdlcStation(this, definition, links);
    return definition.framing === "HDLC" ? hdlc : new ModeEStation(hdlc, definition.modeE ?? {});
  }

  #makeLine(): BehaviourLine {
    const self = {
      client: () => this.#client,
      bytesIn: () => this.#bytesIn,
      bytesOut: () => this.#bytesOut,
    };
    return {
      get client() {
        return self.client();
      },
      get bytesIn() {
        return self.bytesIn();
      },
      get bytesOut() {
        return self.bytesOut();
      },
      send: (bytes, delayMs) => {
        this.#out({ kind: "send", bytes, ...(delayMs === undefined ? {} : { delayMs }) });
      },
      notify: (apdu) => {
        for (const bytes of this.#station.notify(apdu, this.#client)) this.#out({ kind: "send", bytes });
      },
      restart: () => {
        this.restart();
      },
    };
  }
}
