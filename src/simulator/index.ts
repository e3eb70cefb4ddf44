/** The public parts of the simulator. */
export type { Behaviour, BehaviourLine, LineAction } from "./behaviours/behaviour";
export type {
  MeterDefinition,
  ProfileRows,
  SimulatedAssociation,
  SimulatedMethod,
  SimulatedObject,
} from "./definition/definition";
export { demoKeys, demoPassword, householdDefinition, type HouseholdOptions } from "./household/household";
export {
  createMeter,
  type CreateMeterOptions,
  type MeterCounters,
  type MeterListenOptions,
  type SimulatedMeter,
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
