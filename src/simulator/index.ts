/** The public parts of the simulator. */
export type { Behaviour, BehaviourLine, LineAction } from "./behaviours/behaviour";
export type {
  MeterDefinition,
  ProfileRows,
  SimulatedAssociation,
  SimulatedMethod,
  SimulatedObject,
} from "./definition/definition";
export type { PushedValue, PushMessage } from "./definition/push-message";
export type {
  PushedAttribute,
  PushProtection,
  PushSetup,
  PushTarget,
  SimulatedPushFraming,
  SimulatedPushList,
} from "./definition/push-setup";
export type { DialInOptions } from "./push/dialled-line";
export {
  badFcs,
  interleaved,
  lModulo,
  lostSegment,
  midFrameStart,
  oddDate09,
  oldCounter,
  repeatCounter,
  wrongKey,
} from "./push/push-faults";
export { demoKeys, demoPassword, householdDefinition, type HouseholdOptions } from "./household/household";
export {
  createMeter,
  type CreateMeterOptions,
  type MeterCounters,
  type MeterListenOptions,
  type PushHandle,
  type SimulatedMeter,
  type StopHandle,
} from "./meter";
export type { ReceivedItem, WaitOptions } from "./received";
export type { FrameVerdict, IncomingFrame } from "./stations/station";
export {
  absurdCount,
  answerException,
  answerGarbage,
  answerInstead,
  busy,
  closeAtByte,
  delayAnswers,
  dropAnswers,
  dropRequests,
  echo,
  garbleAnswers,
  neverAnswer,
  noiseBefore,
  type Occasion,
  otherInvokeId,
  pacedAt,
  pushBeforeAnswer,
  repeatAnswers,
  restartOnRequest,
  splitAnswers,
  swappedWrapperHeader,
  tamperWithAnswer,
  truncateAnswers,
  wrongFcs,
  wrongWrapperSource,
} from "./behaviours/behaviours";
export { createBus, type SimulatedBus } from "./bus";
export { parseDefinition } from "./definition/json-definition";
