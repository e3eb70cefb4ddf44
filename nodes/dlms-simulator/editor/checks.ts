// Checks of the fields in the dlms-simulator dialog. An empty field means the default, so it is valid.
import { validator } from "../../editor/red";
import { isEmpty, isEnv } from "../../editor/values";
import { t } from "./texts";

const maxPort = 65_535;
const maxEveryS = 86_400;
const maxPushingMeters = 1000;
const minBaudRate = 300;
const maxBaudRate = 4_000_000;

function rangeProblem(value: unknown, min: number, max: number, text: string): string {
  if (isEnv(value) || isEmpty(value)) return "";
  const number = Number(value);
  return Number.isInteger(number) && number >= min && number <= max ? "" : t(text, { min, max });
}

const portProblem = (value: unknown): string => rangeProblem(value, 1, maxPort, "error.port");

/** A property that matters only while the node pushes to one of these places. */
function pushing(places: readonly string[], problem: (value: unknown) => string): ReturnType<typeof validator> {
  return validator((node, value) => (places.includes(String(node.push)) ? problem(value) : ""));
}

function titleProblem(value: unknown): string {
  if (isEnv(value) || isEmpty(value)) return "";
  return /^[0-9a-f]{16}$/i.test(String(value).replace(/0x|[\s:,;-]/gi, "")) ? "" : t("error.systemTitle");
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
  readonly systemTitle = validator((_, value) => titleProblem(value));
  readonly pushPort = pushing(["TCP", "UDP"], portProblem);
  readonly pushBaudRate = pushing(["SERIAL"], (value) => rangeProblem(value, minBaudRate, maxBaudRate, "error.range"));
  readonly pushEvery = pushing(["TCP", "UDP", "SERIAL"], (value) => rangeProblem(value, 1, maxEveryS, "error.range"));
  readonly pushMeters = pushing(["TCP", "UDP"], (value) => rangeProblem(value, 1, maxPushingMeters, "error.range"));
}
