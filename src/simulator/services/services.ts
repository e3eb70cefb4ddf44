/** Dispatches requests to the services that the association has negotiated. */
import { type Apdu, type ConformanceName, encodeApdu, type ExceptionResponse, hasConformance } from "../../apdu";
import { answerAccess } from "./access-service";
import { ActionService } from "./action-service";
import { GetService } from "./get-service";
import type { MeterModel, ClientView } from "../objects/model";
import { serviceErrorCode, stateErrorCode } from "../../apdu/results";
import { SetService } from "./set-service";
import { ShortNameService } from "./short-name-service";

export function exception(
  state: keyof typeof stateErrorCode,
  service: keyof typeof serviceErrorCode,
): ExceptionResponse {
  return { apdu: "exception-response", stateError: stateErrorCode[state], serviceError: serviceErrorCode[service] };
}

const notNegotiated = exception("service-not-allowed", "service-not-supported");

/** Bit 6 of the invoke-id byte marks a confirmed request. */
function unlessUnconfirmed(invokeId: number, answer: Apdu): Apdu | undefined {
  return (invokeId & 0x40) === 0 ? undefined : answer;
}

/** The xDLMS services of one open association. */
export class Services {
  readonly #model: MeterModel;
  readonly #get: GetService;
  readonly #set: SetService;
  readonly #action: ActionService;
  readonly #shortNames: ShortNameService;

  constructor(model: MeterModel) {
    this.#model = model;
    this.#get = new GetService(model);
    this.#set = new SetService(model);
    this.#action = new ActionService(model);
    this.#shortNames = new ShortNameService(model);
  }

  /** Returns the answer, at most `room` bytes long, or undefined for an unconfirmed request. */
  handle(apdu: Apdu, view: ClientView, room: number): Apdu | undefined {
    const needed = neededConformance(apdu);
    if (needed === undefined) return exception("service-unknown", "service-not-supported");
    if (!needed.every((bit) => hasConformance(view.conformance, bit))) return notNegotiated;
    switch (apdu.apdu) {
      case "get-request-normal":
      case "get-request-next":
      case "get-request-with-list":
        return this.#get.handle(apdu, view, room);
      case "set-request-normal":
      case "set-request-with-list":
      case "set-request-with-first-datablock":
      case "set-request-with-list-and-first-datablock":
      case "set-request-with-datablock":
        return unlessUnconfirmed(apdu.invokeId, this.#set.handle(apdu, view));
      case "action-request-normal":
      case "action-request-next-pblock":
      case "action-request-with-list":
      case "action-request-with-first-pblock":
      case "action-request-with-list-and-first-pblock":
      case "action-request-with-pblock":
        return unlessUnconfirmed(apdu.invokeId, this.#action.handle(apdu, view, room));
      case "access-request": {
        const answer = answerAccess(apdu, this.#model, view);
        const fits = encodeApdu(answer).length <= room;
        return fits ? answer : exception("service-not-allowed", "pdu-too-long");
      }
      case "read-request":
        return this.#shortNames.read(apdu, view, room);
      case "write-request":
        return this.#shortNames.write(apdu, view);
      case "unconfirmed-write-request":
        this.#shortNames.write(apdu, view);
        return undefined;
      default:
        return exception("service-unknown", "service-not-supported");
    }
  }
}

/** The conformance bits that a service needs; undefined when the APDU is not a service request. */
function neededConformance(apdu: Apdu): readonly ConformanceName[] | undefined {
  if (apdu.apdu === "get-request-with-list") return ["get", "multiple-references"];
  if (apdu.apdu.startsWith("get-request")) return ["get"];
  if (apdu.apdu.startsWith("set-request")) return ["set"];
  if (apdu.apdu.startsWith("action-request")) return ["action"];
  if (apdu.apdu === "access-request") return ["access"];
  if (apdu.apdu === "read-request") return ["read"];
  if (apdu.apdu === "write-request") return ["write"];
  return apdu.apdu === "unconfirmed-write-request" ? ["unconfirmed-write"] : undefined;
}
