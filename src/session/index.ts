export type { AnswerForm, Delivery, Early, Operation, SessionStep, Sink, StepAnswer } from "./steps/operation";
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
