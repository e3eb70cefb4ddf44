/** The parts of the session that other folders use. */
export type { AnswerForm, Early, Operation, SessionStep, Sink, StepAnswer } from "./steps/operation";
export { datagramDelivery, type Delivery, type DeliveryPolicy, streamDelivery } from "./steps/delivery";
export {
  type AssociationInfo,
  defaultBlockWindow,
  defaultMaxBlockTransfer,
  defaultMaxCounterJump,
  defaultMaxResultSize,
  type GeneralCipheringOptions,
  type GeneralSigningOptions,
  maxEmptyBlocks,
  type SessionAuthentication,
  type SessionOptions,
  type SessionQuirks,
  type SessionSecurity,
} from "./steps/options";
export { Session } from "./session";
