// An error of this package in a dialog: its meaning and a remedy, in the language of the editor.
import { rowOf, type SettingName, settingOfOption } from "../meters/settings-rules";
import type { Translator } from "./red";

export interface Problem {
  readonly text: string;
  readonly advice: string;
  /** the technical sentence in English, with addresses and numbers */
  readonly detail: string;
}

type Details = Readonly<Record<string, unknown>>;

/** An error as the routes send it. */
export interface SentError {
  readonly code?: string;
  readonly message?: string;
  readonly details?: Details;
}

type Find = (key: string, values?: Details) => string | undefined;

const catalogue = "node-red-contrib-dlms/dlms-meter:dlms-meter.";

/** Settings of a form that has its own sentence. */
const formSentences: Readonly<Record<string, string>> = { systemTitle: "error.title", obis: "error.obis" };

function formSentence(name: SettingName | undefined): string | undefined {
  const row = name === undefined ? undefined : rowOf(name);
  return row?.kind === "text" && row.form !== undefined ? formSentences[row.form] : undefined;
}

function finder(editor: Translator): Find {
  return (key, values) => {
    const text = editor._(catalogue + key, values);
    // Node-RED returns the key if it has no text
    return text === catalogue + key || text === `dlms-meter.${key}` ? undefined : text;
  };
}

function ruleOf(find: Find, name: SettingName | undefined, missing: boolean, details: Details): string | undefined {
  const { variable, min, max, choices, got, expected } = details;
  if (details.otherAddress) return find("error.secretElsewhere");
  if (details.undeployed) return find("error.variableUndeployed", { variable });
  if (variable) return find("error.variable", { variable });
  if (max !== undefined) return find("error.whole", { min, max });
  if (choices) return find("error.choices", { choices });
  if (missing) return find("error.needed");
  if (got !== undefined) return find("error.bytes", { got, expected });
  return find(formSentence(name) ?? "error.wrong");
}

/** The wrong setting and the rule that it breaks; undefined if the error does not name them. */
function settingProblem(find: Find, missing: boolean, details: Details): string | undefined {
  const path = details.property ?? details.setting;
  if (typeof path !== "string") return undefined;
  const name = settingOfOption(path);
  const label = find(`label.${name ?? path.split(".").at(-1)}`);
  if (label === undefined) return undefined;
  return find("error.setting", { label, rule: ruleOf(find, name, missing, details) });
}

export function describeProblem(editor: Translator, error: SentError): Problem {
  const find = finder(editor);
  const name = (error.code ?? "").replace(/^DLMS_/, "");
  const known = find(`problem.${name}.text`) === undefined ? "OTHER" : name;
  const setting = name.startsWith("CONFIG_")
    ? settingProblem(find, name === "CONFIG_MISSING", error.details ?? {})
    : undefined;
  return {
    text: setting ?? find(`problem.${known}.text`) ?? "",
    // the rule that a setting breaks is advice enough
    advice: setting === undefined ? (find(`problem.${known}.advice`) ?? "") : "",
    detail: error.message ?? "",
  };
}

/** The problem as an element. @param advice sentences instead of the general one */
export function showProblem(editor: Translator, error: SentError, advice?: readonly string[]): JQuery {
  const problem = describeProblem(editor, error);
  const all = $("<div class='dlms-problem'>");
  $("<div class='dlms-problem-text'>").text(problem.text).appendTo(all);
  const list = $("<ul class='dlms-problem-advice'>").appendTo(all);
  for (const one of advice ?? [problem.advice]) if (one !== "") $("<li>").text(one).appendTo(list);
  $("<div class='dlms-problem-detail' lang='en'>").text(problem.detail).appendTo(all);
  return all;
}
