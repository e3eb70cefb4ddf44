// "Find address" in the dlms-meter dialog: tries server addresses and shows which ones answer.
import type { SearchLine, TrialLine } from "../../admin/answers";
import { showProblem } from "../../editor/problem";
import { type EditedNode, red } from "../../editor/red";
import { reveal, StreamedRequest } from "../../editor/streamed-request";
import { t } from "./checks";
import { field, standingProperties } from "./dialog-fields";

function useAddress(trial: TrialLine): void {
  for (const [name, value] of [
    ["serverAddress", trial.logical],
    ["physicalAddress", trial.physical],
    ["addressSize", trial.addressSize],
  ] as const) {
    field(name).val(value).trigger("change");
  }
  field("serverAddress").trigger("focus");
}

function showTrial(list: JQuery, trial: TrialLine): void {
  const item = $("<li>").addClass("dlms-ok").appendTo(list);
  const address = trial.physical === "" ? String(trial.logical) : `${trial.logical}/${trial.physical}`;
  const name = trial.device ? ` ${t("find.result.device", { device: trial.device })}` : "";
  $("<strong>").text(`${address} (${trial.bytes}) `).appendTo(item);
  $("<span>")
    .text(`${t(`find.result.${trial.result}`)}${name} `)
    .appendTo(item);
  $("<button type='button' class='red-ui-button red-ui-button-small'>")
    .text(t("find.take"))
    .attr("aria-label", `${t("find.take")}: ${address}`)
    .on("click", () => {
      useAddress(trial);
    })
    .appendTo(item);
  reveal(item);
}

export class AddressSearch {
  readonly #list = $("#dlms-meter-find-list");
  readonly #progress = $("#dlms-meter-find-progress");
  readonly #request: StreamedRequest<SearchLine>;
  #answers = 0;

  constructor(node: EditedNode) {
    const serial = $("#dlms-meter-find-serial");
    this.#request = new StreamedRequest<SearchLine>({
      ...{ say: (key) => t(`find.${key}`), url: "dlms/find-address", list: this.#list },
      ...{ start: $("#dlms-meter-find"), stop: $("#dlms-meter-find-stop") },
      body: () => ({ id: node.id, properties: standingProperties(node), serialNumber: serial.val() }),
      begin: () => {
        this.#answers = 0;
        this.#progress.text("");
      },
      line: (line) => {
        this.#show(line);
      },
      end: (complete) => {
        this.#progress.text("");
        if (complete && this.#answers === 0) reveal(this.#failure().text(t("find.nothing")));
      },
    });
    serial.on("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#request.start();
    });
  }

  stop(): void {
    this.#request.stop();
  }

  /** Drops the results, because they belong to another line. */
  forget(): void {
    this.stop();
    this.#list.empty();
  }

  #failure(): JQuery {
    return $("<li>").addClass("dlms-failed").appendTo(this.#list);
  }

  #show(line: SearchLine): void {
    if (!("index" in line)) {
      reveal(this.#failure().append(showProblem(red(), line.error)));
    } else {
      const { index, total, bytes } = line;
      this.#progress.text(t("find.progress", { index, total, bytes }));
      if (!line.answered) return;
      showTrial(this.#list, line);
    }
    this.#answers++;
  }
}
