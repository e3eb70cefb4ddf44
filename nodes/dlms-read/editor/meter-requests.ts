// Requests of the dlms-read dialog to a meter, and the objects that were found.
import type { BrowsedObject, RefusalAnswer } from "../../admin/answers";
import { type SentError, describeProblem } from "../../editor/problem";
import { type EditedNode, editorLanguage, red } from "../../editor/red";
import { t } from "./texts";

/** Why a request of the dialog failed. */
export interface RequestFailure {
  readonly status: number;
  readonly aborted: boolean;
  /** sent with the settings in the editor, because the deployed meter has others */
  readonly ofDraft: boolean;
  readonly error?: SentError;
}

export interface MeterRequest<T> {
  done(take: (answer: T) => void): this;
  fail(take: (failure: RequestFailure) => void): this;
  always(take: () => void): this;
  abort(): void;
}

const notDeployed = "NOT_DEPLOYED";

/** An error of the meter, or on the way to it; it has texts in each language. */
export function meterErrorOf({ error }: RequestFailure): SentError | undefined {
  return error?.code === undefined || error.code === notDeployed ? undefined : error;
}

export function sentenceOf(failure: RequestFailure): string {
  const error = meterErrorOf(failure);
  if (error !== undefined) {
    const { text, advice } = describeProblem(red(), error);
    return advice === "" ? text : `${text} ${advice}`;
  }
  if (failure.error?.code === notDeployed) return t("browse.notDeployed");
  if (failure.status === 401 || failure.status === 403) {
    return failure.ofDraft ? t("browse.notDeployed") : t("browse.forbidden");
  }
  return failure.status === 0 ? t("browse.noServer") : t("browse.failed", { status: failure.status });
}

function meterNode(meterId: string): EditedNode | undefined {
  return (red().nodes as unknown as { node(id: string): EditedNode | null }).node(meterId) ?? undefined;
}

function propertiesOf(node: EditedNode): Record<string, unknown> {
  return Object.fromEntries(Object.keys(node._def.defaults).map((name) => [name, node[name]]));
}

/** Secrets that were typed since the last deploy; the others are on the server. */
function typedSecretsOf(node: EditedNode): Record<string, string> {
  const typed: Record<string, string> = {};
  for (const name of Object.keys(node._def.credentials ?? {})) {
    const value = node.credentials?.[name];
    if (typeof value === "string") typed[name] = value;
  }
  return typed;
}

function failureOf(xhr: JQuery.jqXHR, ofDraft: boolean): RequestFailure {
  const { error } = (xhr.responseJSON ?? {}) as Partial<RefusalAnswer>;
  return {
    status: xhr.status,
    aborted: xhr.statusText === "abort",
    ofDraft,
    ...(error === undefined ? {} : { error }),
  };
}

/** Asks a meter: with the settings in the editor if it is not deployed or was changed since. */
export function askMeter<T>(meterId: string, route: string, body: object = {}): MeterRequest<T> {
  const node = meterNode(meterId);
  const result = $.Deferred<T, RequestFailure>();
  let request: JQuery.jqXHR | undefined;
  const send = (draftOf: EditedNode | undefined): void => {
    const draft = draftOf && { properties: propertiesOf(draftOf), credentials: typedSecretsOf(draftOf) };
    request = $.ajax({
      url: `dlms/${draft ? "drafts" : "meters"}/${encodeURIComponent(meterId)}/${route}`,
      ...{ method: "POST", contentType: "application/json", dataType: "json" },
      data: JSON.stringify({ language: editorLanguage(), ...body, ...draft }),
    });
    void request
      .done((answer: T) => {
        result.resolve(answer);
      })
      .fail((xhr) => {
        const failure = failureOf(xhr, draft !== undefined);
        // disabled, or removed in another editor
        if (draft === undefined && node !== undefined && failure.error?.code === notDeployed) send(node);
        else result.reject(failure);
      });
  };
  send(node?.changed ? node : undefined);
  return result.promise({ abort: () => request?.abort() });
}

/** The objects of the last browse, by meter and settings: the OBIS field offers them while a user types. */
export class BrowsedObjects {
  readonly #byKey = new Map<string, readonly BrowsedObject[]>();

  of(meterId: string): readonly BrowsedObject[] | undefined {
    return this.#byKey.get(this.keyOf(meterId));
  }

  /** @param key from before the request: settings may change while it runs */
  keep(key: string, objects: readonly BrowsedObject[]): void {
    this.#byKey.set(key, objects);
  }

  keyOf(meterId: string): string {
    const node = meterNode(meterId);
    return node === undefined ? meterId : meterId + JSON.stringify(propertiesOf(node));
  }
}
