// "Test connection" in the dlms-meter dialog: connects with the settings of the dialog and shows each step.
import type { TestFacts, TestLine } from "../../admin/answers";
import { showProblem } from "../../editor/problem";
import { type EditedNode, red } from "../../editor/red";
import { reveal, StreamedRequest } from "../../editor/streamed-request";
import { t } from "./checks";
import { standingProperties, standingSecrets } from "./dialog-fields";

/** The sentences of a step, from its facts. */
function sentencesOf(facts: TestFacts): string {
  const say = (key: string, values?: Readonly<Record<string, unknown>>): string => t(`test.found.${key}`, values);
  const { found, maxPduSize, unverified, sizes, policy, suite } = facts;
  const values: Record<string, unknown> = { ...facts };
  if (facts.referencing) values.referencing = facts.referencing.toUpperCase();
  if (found === "associated") {
    values.size = maxPduSize === 0 ? say("unlimited") : say("upTo", { bytes: maxPduSize });
    values.services = facts.services?.join(", ");
  }
  const sentences = [say(found, values)];
  if (unverified) sentences.push(say("unverified"));
  if (sizes) sentences.push(say("sizes", { ...sizes }));
  if (policy) {
    sentences.push(say("protection", { policy: t(`policy.${policy.toUpperCase().replace(/-/g, "_")}`), suite }));
  }
  return sentences.join(" ");
}

function showStep(list: JQuery, line: TestLine): void {
  const item = $("<li>").addClass(line.ok ? "dlms-ok" : "dlms-failed");
  $("<i>")
    .addClass(line.ok ? "fa fa-check" : "fa fa-times")
    .attr({ role: "img", "aria-label": line.ok ? t("test.ok") : t("test.failed") })
    .appendTo(item);
  $("<strong>")
    .text(t(`test.step.${line.step}`))
    .appendTo(item);
  if (line.error) {
    const advice = line.hints?.map(({ key, client }) => t(`test.advice.${key}`, { client }));
    showProblem(red(), line.error, advice).appendTo(item);
  } else {
    $("<span>")
      .text(` ${line.facts ? sentencesOf(line.facts) : line.text}`)
      .appendTo(item);
  }
  item.appendTo(list);
  reveal(item);
}

const reported = [
  ...["transportType", "framing", "clientAddress", "serverAddress", "physicalAddress", "addressSize", "referencing"],
  ...["authentication", "securityPolicy", "securitySuite", "ciphering"],
  ...["preEstablished", "skipLink", "modeEUnannounced", "quirks"],
];

/** A report that may be published: without secrets, host and name of the meter. */
function report(lines: readonly TestLine[], node: EditedNode): string {
  const settings = standingProperties(node);
  const typed = Object.values(standingSecrets(node)).filter((one) => typeof one === "string" && one.length > 3);
  const masked = ({ text, facts }: TestLine): string =>
    [settings.host, settings.tlsServerName, facts?.found === "value" ? facts.value : "", ...typed]
      .filter((one): one is string => typeof one === "string" && one.length > 2)
      .reduce((left, one) => left.split(one).join("..."), text);
  const found = red().nodes.registry.getModule("node-red-contrib-dlms") as { version?: string } | undefined;
  const version = found?.version === undefined ? "" : ` ${found.version}`;
  return [
    `node-red-contrib-dlms${version}, connection test`,
    ...reported.filter((name) => settings[name]).map((name) => `${name}: ${String(settings[name])}`),
    ...lines.map((line) => {
      const code = line.error ? ` ${line.error.code ?? ""}` : "";
      return `${line.ok ? "[ok]" : "[failed]"} ${line.step}${code} (${line.durationMs ?? 0} ms): ${masked(line)}`;
    }),
  ].join("\n");
}

export class ConnectionTest {
  readonly #list = $("#dlms-meter-test-steps");
  readonly #copy = $("#dlms-meter-test-copy");
  readonly #note = $("#dlms-meter-test-copied");
  readonly #request: StreamedRequest<TestLine>;
  #lines: TestLine[] = [];

  constructor(node: EditedNode) {
    this.#request = new StreamedRequest<TestLine>({
      ...{ say: (key) => t(`test.${key}`), url: "dlms/test-connection", list: this.#list },
      ...{ start: $("#dlms-meter-test"), stop: $("#dlms-meter-test-stop") },
      body: () => ({ id: node.id, properties: standingProperties(node), credentials: standingSecrets(node) }),
      begin: () => {
        this.#clear();
      },
      line: (line) => {
        this.#lines.push(line);
        showStep(this.#list.attr("tabindex", "0"), line);
      },
      end: () => {
        this.#copy.toggle(this.#lines.length > 0);
      },
    });
    this.#copy.on("click", () => {
      // called with the text alone, the editor does not show its own message
      const clipboard = red().clipboard as unknown as { copyText(text: string): boolean };
      this.#note.text(clipboard.copyText(report(this.#lines, node)) ? t("test.copied") : t("test.notCopied"));
    });
  }

  stop(): void {
    this.#request.stop();
  }

  /** Drops the results, because they belong to other settings. */
  forget(): void {
    this.stop();
    this.#clear();
  }

  #clear(): void {
    this.#lines = [];
    this.#list.empty().removeAttr("tabindex");
    this.#note.text("");
    this.#copy.hide();
  }
}
