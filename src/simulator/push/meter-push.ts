/** A push setup of a running meter: reads the values, builds the push, and sends it to the target. */
import { classIds } from "../../apdu/class-ids";
import { joinBytes } from "../../bytes";
import type { Clock } from "../../clock";
import type { DlmsValue } from "../../codec/value";
import { obisDotted, parseObis } from "../../cosem/obis";
import * as wellKnownObjects from "../../cosem/well-known-objects";
import { DlmsConfigError, DlmsStateError } from "../../errors";
import type { RandomSource } from "../../security";
import type { Behaviour } from "../behaviours/behaviour";
import type { MeterDefinition } from "../definition/definition";
import type { PushedValue, PushMessage } from "../definition/push-message";
import type { PushSetup, PushTarget, SimulatedPushFraming } from "../definition/push-setup";
import { nothing } from "../objects/build";
import { type MeterModel, type ModelObject, valueOf } from "../objects/model";
import { buildPush, buildPushApdus } from "./build-push";
import { Confirmations } from "./confirmations";
import { OutgoingLine } from "./outgoing-line";
import { listedObjects, type PushedObject, pushSetupObject, timingOf } from "./push-object";
import { PushSender, type PushTiming } from "./push-sender";

/** The parts of a meter that a push setup uses. */
export interface PushingMeter {
  readonly definition: MeterDefinition;
  readonly model: MeterModel;
  readonly systemTitle: Uint8Array;
  readonly random: RandomSource;
  /** newest first */
  behaviours(): readonly Behaviour[];
  readonly clock: Clock;
  nextCounter(): number;
  /** Sends APDUs on the open connections to the meter; false if there is none. */
  sendToClients(apdus: readonly Uint8Array[], client: number | undefined): boolean;
  pushed(setup: string, bytes: Uint8Array): void;
  fault(problem: string): void;
}

/** Sends the frames of a push; another line than that of the setup. */
export type SendFrames = (frames: readonly Uint8Array[]) => Promise<void>;

const defaultClient = 102;
const defaultMbusClient = 103;
const maxPushSetups = 64;
const invokeIdBits = 0xffffff;
/** service class of long-invoke-id-and-priority: confirmed */
const confirmedBit = 0x40000000;
/** Attribute that holds the scaler_unit of attribute 2, by class. */
const scalerAttributes: Readonly<Record<number, number>> = {
  [classIds.register]: 3,
  [classIds["extended-register"]]: 3,
  [classIds["demand-register"]]: 4,
};

export class MeterPush {
  readonly name: string;
  readonly #meter: PushingMeter;
  readonly #setup: PushSetup;
  readonly #sender: PushSender;
  readonly #foreign: SendFrames | undefined;
  #line: OutgoingLine | undefined;
  readonly #confirmations: Confirmations | undefined;
  readonly #removeObject: () => void;
  #invokeId = 0;

  /**
   * Adds the object of the setup to the meter. `send`: for pushes on a line that has another owner.
   * @throws DlmsConfigError CONFIG_INVALID when the meter lacks an object, or has the setup already
   */
  constructor(meter: PushingMeter, setup: PushSetup, send?: SendFrames) {
    this.name = setup.logicalName === undefined ? freeName(meter.model) : obisDotted(parseObis(setup.logicalName));
    this.#meter = meter;
    this.#setup = setup;
    const { clock } = meter;
    const confirmations = (setup.confirmWithin ?? 0) === 0 ? undefined : new Confirmations(this.#framing, clock);
    this.#confirmations = confirmations;
    const events = {
      ...silent,
      ...(confirmations && {
        data: (bytes: Uint8Array) => {
          confirmations.receive(bytes);
        },
      }),
    };
    const lineTo = (to: PushTarget): OutgoingLine => new OutgoingLine(to, clock, events);
    this.#line = setup.to === undefined ? undefined : lineTo(setup.to);
    this.#foreign = send;
    this.#checkObjects();
    this.#sender = new PushSender({
      clock,
      every: setup.every ?? 0,
      firstAfter: setup.firstAfter ?? 0,
      timing: () => this.#timing(),
      prepare: () => this.#prepare(),
      release: () => this.#line?.release() ?? Promise.resolve(),
      failed: (error) => {
        meter.fault(`push ${this.name}: ${error instanceof Error ? error.message : String(error)}`);
      },
    });
    const push = (): void => {
      this.#sender.pushUnasked();
    };
    const redirect = (to: PushTarget): void => {
      void this.#line?.release();
      this.#line = lineTo(to);
    };
    const actions = send === undefined ? { push, redirect } : { push };
    this.#removeObject = meter.model.add(pushSetupObject(this.name, setup, meter.model, actions));
  }

  start(): void {
    this.#sender.start();
  }

  push(): Promise<void> {
    return this.#sender.push();
  }

  /** Stops pushing; the object stays, and its method 1 still sends. */
  stop(): Promise<void> {
    return this.#sender.stop();
  }

  /** Stops permanently, and removes the object from the meter. */
  async close(): Promise<void> {
    this.#removeObject();
    await this.#sender.close();
  }

  get isConnected(): boolean {
    return this.#line?.isOpen ?? false;
  }

  #checkObjects(): void {
    this.#setup.objects.forEach(({ logicalName, classId, attributeId = 2 }, n) => {
      const object = this.#meter.model.object(logicalName, classId);
      if (object !== undefined && valueOf(object, attributeId) !== undefined) return;
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `push ${this.name}: objects[${n}]: the meter has no attribute ${attributeId} of ${logicalName}; ` +
          "add the object to the definition, or take it out of the push setup",
      );
    });
  }

  get #framing(): SimulatedPushFraming {
    const isHdlc = this.#meter.definition.framing?.startsWith("HDLC") === true;
    return this.#setup.framing ?? (isHdlc ? "hdlc" : "wrapper");
  }

  get #object(): ModelObject {
    const object = this.#meter.model.object(this.name, classIds["push-setup"]);
    if (object === undefined) throw new DlmsStateError("STATE_CLOSED", `push ${this.name}: the setup is gone`);
    return object;
  }

  #timing(): PushTiming {
    const { randomisation, retries, retryDelay } = timingOf(this.#object);
    const [high = 0, low = 0] = randomisation === 0 ? [] : this.#meter.random(2);
    const share = ((high << 8) | low) / 0x10000;
    return { delayMs: Math.floor(randomisation * 1000 * share), retries, retryDelayMs: retryDelay * 1000 };
  }

  #prepare(): (signal: AbortSignal) => Promise<void> {
    const behaviours = this.#meter.behaviours();
    const message = behaviours.reduce((current, behaviour) => behaviour.push?.(current) ?? current, this.#message());
    const line = this.#line;
    const send = this.#foreign ?? (line && ((frames) => line.send(frames)));
    if (send === undefined) {
      const apdus = buildPushApdus(message);
      return () => this.#toClients(apdus);
    }
    const frames = behaviours.reduce<readonly Uint8Array[]>(
      (current, behaviour) => behaviour.pushFrames?.(current, message) ?? current,
      buildPush(message),
    );
    return async (signal) => {
      await send(frames);
      await this.#confirmations?.wait(message.longInvokeId, this.#setup.confirmWithin ?? 0, signal);
      this.#meter.pushed(this.name, joinBytes(frames));
    };
  }

  #toClients(apdus: readonly Uint8Array[]): Promise<void> {
    if (this.#meter.sendToClients(apdus, this.#setup.client)) return Promise.resolve();
    return Promise.reject(
      new DlmsStateError(
        "STATE_CLOSED",
        `push ${this.name}: no client is connected to the meter, and the setup has no target`,
      ),
    );
  }

  #message(): PushMessage {
    const { definition, systemTitle, model } = this.#meter;
    const setup = this.#setup;
    const framing = this.#framing;
    this.#invokeId = (this.#invokeId + 1) & invokeIdBits;
    return {
      framing,
      list: setup.list ?? "objects",
      listId: setup.listId,
      values: listedObjects(this.#object).map((object) => this.#value(object)),
      setupName: parseObis(this.name),
      date: setup.date === "none" ? undefined : clockOf(model),
      taggedDate: setup.date === "tagged",
      longInvokeId: this.#confirmations === undefined ? this.#invokeId : this.#invokeId | confirmedBit,
      security: setup.security,
      systemTitle,
      invocationCounter: setup.security === undefined ? 0 : this.#meter.nextCounter(),
      blockSize: setup.blockSize,
      segmentSize: setup.segmentSize,
      source: { logical: definition.serverAddress ?? 1, physical: definition.physicalAddress },
      client: setup.client ?? (framing === "mbus" ? defaultMbusClient : defaultClient),
    };
  }

  /** An attribute that the meter does not have is pushed as null-data. */
  #value(pushed: PushedObject): PushedValue {
    const object = this.#meter.model.object(obisDotted(pushed.name), pushed.classId);
    const value = object && valueOf(object, pushed.attributeId);
    return { ...pushed, value: value ?? nothing, scalerUnit: scalerOf(object, pushed) };
  }
}

/** Push setups of a meter count in value group B. */
function freeName(model: MeterModel): string {
  const names = Array.from({ length: maxPushSetups }, (_, channel) => `0.${channel}.25.9.0.255`);
  const free = names.find((name) => model.object(name, classIds["push-setup"]) === undefined);
  if (free !== undefined) return free;
  throw new DlmsConfigError("CONFIG_INVALID", `push: the meter has ${maxPushSetups} push setups already; close one`);
}

const silent = { data: () => undefined, lost: () => undefined };

function scalerOf(object: ModelObject | undefined, { classId, attributeId }: PushedObject): DlmsValue | undefined {
  const id = scalerAttributes[classId];
  return object === undefined || id === undefined || attributeId >= id ? undefined : valueOf(object, id);
}

function clockOf(model: MeterModel): Uint8Array | undefined {
  const clock = model.object(wellKnownObjects.clock, classIds.clock);
  const time = clock && valueOf(clock, 2);
  return time?.type === "octet-string" && time.value.length === 12 ? time.value : undefined;
}
