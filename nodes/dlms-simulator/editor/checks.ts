// What the fields of the dlms-simulator dialog accept. An empty field means the default, so it is valid.
import { validator } from "../../editor/red";
import { isEmpty, isEnv } from "../../editor/values";
import { t } from "./texts";

const maxPort = 65_535;

function portProblem(value: unknown): string {
  if (isEnv(value) || isEmpty(value)) return "";
  const port = Number(value);
  return Number.isInteger(port) && port >= 1 && port <= maxPort ? "" : t("error.port");
}

function definitionProblem(value: unknown): string {
  if (isEnv(value) || isEmpty(value)) return "";
  try {
    JSON.parse(String(value));
    return "";
  } catch (error) {
    return t("error.json", { reason: error instanceof Error ? error.message : String(error) });
  }
}

export class SimulatorChecks {
  readonly port = validator((_, value) => portProblem(value));
  readonly definition = validator((_, value) => definitionProblem(value));
}
