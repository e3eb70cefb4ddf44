/** The public API. Everything else in src/ may change without notice. */
export { fromHex, toHex } from "./bytes";
export {
  type ClientEvents,
  type ClientState,
  type ClientStatistics,
  type CloseOptions,
  connect,
  createClient,
  DlmsClient,
  fileCounterStore,
  type NotificationEvent,
  type Outcome,
  type Reading,
  type ProfileOptions,
  type ProfileProgress,
  type ProfileRange,
  ProfileReader,
  type ProfileTable,
  type RetryEvent,
  type SelectionUsed,
  type StateEvent,
  type TraceEvent,
  type Unsubscribe,
} from "./client";
export type * from "./client/options";
export { type Clock, systemClock, type TimerHandle } from "./clock";
export { type DataType, type DlmsValue } from "./codec";
export {
  attribute,
  attributeName,
  type AttributeDefinition,
  type AttributeRef,
  type ClassDefinition,
  className,
  classTitle,
  type DateTimeInfo,
  findAttribute,
  findClass,
  isObis,
  isTimeZone,
  listClasses,
  method,
  type MethodDefinition,
  type MethodRef,
  obisDotted,
  type ObisLike,
  obisPrinted,
  type ObjectDirectory,
  type ObjectEntry,
  parseObis,
  type ProfileColumn,
  type ProfileRow,
  unitSymbol,
} from "./cosem";
export * from "./errors";
export {
  type InvocationCounterStore,
  makeSystemTitle,
  type Mechanism,
  memoryCounterStore,
  parseKey,
  parseSecret,
  parseSystemTitle,
  type SecurityPolicy,
  type SecuritySuite,
  systemRandom,
} from "./security";
export type { AssociationInfo } from "./session";
export {
  type Behaviour,
  createMeter,
  type CreateMeterOptions,
  demoKeys,
  demoPassword,
  householdDefinition,
  type HouseholdOptions,
  type MeterDefinition,
  type MeterListenOptions,
  type SimulatedMeter,
} from "./simulator";
export {
  type Connection,
  type ConnectionEvents,
  listPorts,
  type SerialPortInfo,
  type TcpListener,
  type Transport,
} from "./transport";
