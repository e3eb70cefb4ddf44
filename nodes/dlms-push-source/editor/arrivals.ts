// "What arrives" in the dlms-push-source dialog: listens with the settings of the dialog and shows received data.
import type { ArrivalLine } from "../../admin/answers";
import { showProblem } from "../../editor/problem";
import { editorLanguage, type EditedNode, red } from "../../editor/red";
import { StreamedRequest } from "../../editor/streamed-request";
import type { MeterRows } from "./meter-rows";
import { field, t } from "./texts";

/** Maximum number of meters and problems shown; a meter's new push replaces its previous one. */
const maxShown = 20;

type Arrived = Extract<ArrivalLine, { kind: "push" }>;
type Problem = Extract<ArrivalLine, { kind: "problem" }>;

function standing(node: EditedNode, meters: MeterRows): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(node._def.defaults)) {
    const input = field(name);
    if (input.length === 0) values[name] = node[name];
    else values[name] = input.is(":checkbox") ? Boolean(input.prop("checked")) : input.val();
  }
  return { ...values, meters: meters.rows(), tls: values.tls === "_ADD_" ? "" : values.tls };
}

export class Arrivals {
  readonly #list = $("#dlms-push-arrived");
  readonly #state = $("#dlms-push-state");
  readonly #meters: MeterRows;
  readonly #request: StreamedRequest<ArrivalLine>;
  readonly #shown = new Map<string, JQuery>();

  constructor(node: EditedNode, meters: MeterRows) {
    this.#meters = meters;
    this.#request = new StreamedRequest<ArrivalLine>({
      ...{ say: (key: string) => t(`arrive.${key}`), url: "dlms/push-arrivals", list: this.#list },
      ...{ start: $("#dlms-push-listen"), stop: $("#dlms-push-listen-stop") },
      body: () => ({
        id: node.id,
        properties: standing(node, meters),
        credentials: meters.keys(),
        language: editorLanguage(),
      }),
      begin: () => {
        this.#shown.clear();
        this.#state.text(t("arrive.starting"));
      },
      line: (line) => {
        this.#show(line);
      },
      end: () => {
        if (this.#list.children().length === 0) this.#state.text(t("arrive.ended"));
      },
    });
  }

  stop(): void {
    this.#request.stop();
  }

  #show(line: ArrivalLine): void {
    switch (line.kind) {
      case "state":
        this.#state.text(stateText(line));
        return;
      case "facts":
        this.#state.text(factsText(line));
        return;
      case "push":
        this.#place(`push ${line.systemTitle ?? line.meterId ?? ""}`).append(pushView(line));
        return;
      case "problem":
        this.#showProblem(line);
        return;
      case "end":
        if ("error" in line) this.#place("end").append(showProblem(red(), line.error));
        else this.#state.text(t(`arrive.end.${line.reason}`));
    }
  }

  #showProblem({ error, systemTitle }: Problem): void {
    const item = this.#place(`problem ${error.code} ${systemTitle ?? ""}`).append(showProblem(red(), error));
    if (systemTitle === undefined) return;
    $("<button type='button' class='red-ui-button red-ui-button-small'>")
      .text(t("arrive.takeTitle", { title: systemTitle }))
      .on("click", () => {
        this.#meters.takeTitle(systemTitle);
      })
      .appendTo(item);
  }

  /** The emptied element of a meter or problem; beyond the maximum the oldest element is removed. */
  #place(name: string): JQuery {
    const known = this.#shown.get(name);
    if (known !== undefined) return known.empty();
    const item = $("<li>").appendTo(this.#list);
    this.#shown.set(name, item);
    const [oldest] = this.#shown;
    if (this.#shown.size > maxShown && oldest !== undefined) {
      oldest[1].remove();
      this.#shown.delete(oldest[0]);
    }
    return item;
  }
}

function stateText({ state, line, shared }: Extract<ArrivalLine, { kind: "state" }>): string {
  if (shared) return t("arrive.shared");
  if (line !== undefined) return t("arrive.line", { line });
  const known = ["opening", "listening", "waiting", "failed"].includes(state) ? state : "listening";
  return t(`arrive.state.${known}`);
}

function factsText({ bytes, units, hint }: Extract<ArrivalLine, { kind: "facts" }>): string {
  const counted = t("arrive.facts", { bytes, units });
  return hint === undefined ? counted : `${counted} ${t(`noise.${hint}`)}`;
}

function pushView(line: Arrived): JQuery {
  const { meter, meterId, systemTitle, framing, table, time, verified, values, more, notes } = line;
  const view = $("<div class='dlms-push-view'>");
  const names = [meter, meterId, systemTitle].filter((name) => name !== null);
  $("<strong>")
    .text(names.length === 0 ? t("arrive.unnamed") : names.join(" · "))
    .appendTo(view);
  const security = verified === null ? "plain" : verified ? "verified" : "unverified";
  const facts = [framing.toUpperCase(), t(`arrive.${security}`), table ?? "", time ?? ""].filter((fact) => fact !== "");
  $("<div class='dlms-push-facts'>").text(facts.join(" · ")).appendTo(view);
  const rows = $("<table class='dlms-push-values'>").appendTo(view);
  for (const { name, description, text, scalerFrom } of values) {
    const row = $("<tr>").appendTo(rows);
    $("<td>").text(name).appendTo(row);
    $("<td class='dlms-push-described'>").text(description).appendTo(row);
    $("<td>").text(text).appendTo(row);
    $("<td>")
      .text(scalerFrom === "table" ? t("arrive.fromTable") : "")
      .appendTo(row);
  }
  if (more > 0)
    $("<div>")
      .text(t("arrive.more", { count: more }))
      .appendTo(view);
  for (const note of notes) $("<div class='dlms-problem-detail' lang='en'>").text(note).appendTo(view);
  return view;
}
