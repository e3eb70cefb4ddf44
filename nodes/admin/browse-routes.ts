/** "Browse meter": the read dialog reads objects, values and columns of a meter, deployed or not. */
import {
  attribute,
  describeObis,
  describeUnit,
  DlmsConfigError,
  type DlmsError,
  isDlmsError,
  type SharedMeter,
  obisDotted,
  obisPrinted,
  systemClock,
} from "../../src/index";
import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import type { BrowseAnswer, ColumnsAnswer, DescribeAnswer, ReadAnswer, RefusalAnswer } from "./answers";
import { dialogSettings } from "./dialog-settings";
import { answerText, closingOf, endingOf, objectOf, unexpectedError } from "./streaming-route";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { languageOf } from "./editor-language";
import { type MeterNode, isMeterNode } from "../meters/meter-node";
import { browsedObject } from "./object-tree";
import { presets } from "./presets";
import { wholeNumber } from "../node-red/raw-settings";

/** Time that the session stays after the last request of a dialog, because a dialog sends several in a row. */
const maxIdleMs = 20_000;
/** An object list of hundreds of entries over 9600 bit/s takes half a minute. */
const maxRequestMs = 180_000;
/** Concurrent requests of open dialogs to one meter. */
const maxRequests = 4;
/** A dialog shows only the beginning of a longer value. */
const maxShownCharacters = 400;

/** The open dialogs as one user of a meter's session. It releases the session `maxIdleMs` after their last request. */
class EditorUse {
  readonly #session: SharedMeter;
  #timer: NodeJS.Timeout | undefined;
  #running = 0;
  #closed = false;

  constructor(session: SharedMeter) {
    this.#session = session;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    clearTimeout(this.#timer);
    this.#session.addUser({ id: "editor", meterChanged: () => undefined });
    try {
      return await work();
    } finally {
      // a request that a deploy ended arrives here after the node was closed
      if (--this.#running === 0 && !this.#closed) {
        this.#timer = setTimeout(() => void this.#session.removeUser("editor"), maxIdleMs);
      }
    }
  }

  get busy(): boolean {
    return this.#running >= maxRequests;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

const uses = new WeakMap<MeterNode, EditorUse>();

function useOf(meter: MeterNode, session: SharedMeter): EditorUse {
  const known = uses.get(meter);
  if (known !== undefined) return known;
  const use = new EditorUse(session);
  uses.set(meter, use);
  meter.on("close", () => {
    use.close();
  });
  return use;
}

type Ask<T = unknown> = (
  session: SharedMeter,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<T>;

const browse: Ask<BrowseAnswer> = async (session, body, signal) => {
  const { objects, skipped } = await session.run(
    (client) => client.browse({ signal, timeoutMs: maxRequestMs }),
    signal,
  );
  const language = languageOf(body);
  return {
    objects: objects.map((entry) => browsedObject(entry, language)),
    skipped,
    readAt: new Date(systemClock.wallTime()).toISOString(),
  };
};

function obisOf(body: Readonly<Record<string, unknown>>): string {
  const { logicalName } = body;
  if (typeof logicalName === "string" && logicalName.length <= 40) return obisDotted(logicalName);
  throw new DlmsConfigError("CONFIG_INVALID", "logicalName: expected an OBIS code");
}

const read: Ask<ReadAnswer> = async (session, body, signal) => {
  const classId = wholeNumber(body.classId, "classId", 0, 0xffff);
  const ref = attribute(classId, obisOf(body), wholeNumber(body.attributeId, "attributeId", 0, 127));
  const reading = await session.run((client) => client.read(ref, { signal, timeoutMs: maxRequestMs }), signal);
  const { value, unitCode, type, valueName } = reading;
  const unit = unitCode === null ? null : describeUnit(unitCode, { language: languageOf(body) });
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const short = text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text;
  return { text: short, unit, type, ...(valueName === undefined ? {} : { valueName }) };
};

const columns: Ask<ColumnsAnswer> = async (session, body, signal) => {
  const obis = obisOf(body);
  const list = await session.run(
    (client) => client.profile(obis, undefined, { signal, timeoutMs: maxRequestMs }).columns(),
    signal,
  );
  const language = languageOf(body);
  return {
    columns: list.map((column) => ({
      ...column,
      label: describeObis(column.logicalName, { language }),
      unit: column.unitCode === null ? null : describeUnit(column.unitCode, { language }),
    })),
  };
};

function refuse(response: Response, status: number, { code, message, details }: RefusalAnswer["error"]): void {
  const answer: RefusalAnswer = { error: { code, message, ...(details === undefined ? {} : { details }) } };
  response.status(status).type("json").send(answerText(answer));
}

function isBusy(error: DlmsError): boolean {
  return error.is("STATE_BUSY", "STATE_QUEUE_FULL");
}

type Body = Readonly<Record<string, unknown>>;
const bodyOf = (request: Request): Body => objectOf(request.body);

/** Sends the answer of a meter, or the error. Never rejects. */
async function serve(
  RED: NodeAPI,
  response: Response,
  ending: AbortSignal,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  try {
    response.json(await work(ending));
  } catch (error) {
    // a closed dialog receives nothing
    if (!response.destroyed) refuseFor(RED, response, error);
  }
}

function refuseFor(RED: NodeAPI, response: Response, error: unknown): void {
  if (isDlmsError(error)) {
    refuse(response, isBusy(error) ? 429 : error.layer === "config" ? 400 : 502, error);
  } else {
    RED.log.error(`dlms-meter: ${String(error)}`);
    refuse(response, 500, unexpectedError("the request", error));
  }
}

function deployed(RED: NodeAPI, id: unknown): MeterNode | undefined {
  const node = RED.nodes.getNode(String(id)) as Node | null | undefined;
  return isMeterNode(node) ? node : undefined;
}

async function answer(RED: NodeAPI, ask: Ask, request: Request, response: Response): Promise<void> {
  const node = deployed(RED, request.params.id);
  if (node === undefined) {
    const message = "this meter is not deployed yet: press Deploy, then browse again";
    refuse(response, 404, { code: "NOT_DEPLOYED", message });
    return;
  }
  const { session, problem } = node.meter;
  if (session === undefined) {
    refuse(response, 409, problem ?? { code: "DLMS_STATE_CLOSED", message: "closed" });
    return;
  }
  const use = useOf(node, session);
  if (use.busy) {
    refuse(response, 429, {
      code: "DLMS_STATE_BUSY",
      message: "the dialog still waits for other values of this meter",
    });
    return;
  }
  await serve(RED, response, closingOf(response).signal, (signal) =>
    use.run(() => ask(session, bodyOf(request), signal)),
  );
}

/** Uses the settings in the request: those of a node that is not deployed, or was changed after the deploy. */
async function answerDraft(RED: NodeAPI, ask: Ask, request: Request, response: Response): Promise<void> {
  const { id } = request.params;
  const node = deployed(RED, id);
  const body = { ...bodyOf(request), id };
  const settings = dialogSettings(RED, body);
  if (node?.meter.session !== undefined && node.meter.described?.compare(settings) === "same") {
    await answer(RED, ask, request, response);
    return;
  }
  const drafts = nodeRuntimeOf(RED).drafts;
  await serve(RED, response, endingOf(RED, response), (signal) =>
    drafts.run(settings, node?.meter.described?.meter, signal, (session) => ask(session, body, signal)),
  );
}

function describe(request: Request, response: Response): void {
  const { obis } = request.query;
  try {
    const text = typeof obis === "string" ? obis.slice(0, 40) : "";
    const description = describeObis(text, { language: languageOf(request.query) });
    const answer: DescribeAnswer = { obis: obisPrinted(text), logicalName: obisDotted(text), description };
    response.json(answer);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    refuse(response, 400, error);
  }
}

/** Registers the routes of the read dialog. They only read. */
export function registerMeterAdmin(RED: NodeAPI): void {
  const allowed = RED.auth.needsPermission("dlms.read");
  // connects to any address in the request, with the secrets of the node
  const allowedDraft = RED.auth.needsPermission("dlms.write");
  type Answer = (RED: NodeAPI, ask: Ask, request: Request, response: Response) => Promise<void>;
  const by = (way: Answer, ask: Ask) => (request: Request, response: Response) => {
    // no caller awaits this promise, so a rejection would end Node-RED
    way(RED, ask, request, response).catch((error: unknown) => {
      refuseFor(RED, response, error);
    });
  };
  for (const [path, ask] of Object.entries({ browse, read, columns })) {
    RED.httpAdmin.post(`/dlms/meters/:id/${path}`, allowed, by(answer, ask));
    RED.httpAdmin.post(`/dlms/drafts/:id/${path}`, allowedDraft, by(answerDraft, ask));
  }
  RED.httpAdmin.get("/dlms/describe", allowed, describe);
  RED.httpAdmin.get("/dlms/presets", allowed, (_request: Request, response: Response) => {
    response.json(presets);
  });
}
