/** Listening for pushes: ports, lines and gateways on top of the push decoder. */
export {
  acceptMeters,
  type AcceptMetersOptions,
  type IncomingMeter,
  type MeterAcceptor,
  type MeterAcceptorEvents,
} from "./accept-meters";
export { pushCounterFile, type PushCounterFileOptions } from "./counter-file";
export type {
  ListenBytes,
  ListenConnection,
  ListenProblem,
  ListenState,
  ListenStateEvent,
  PushListenerEvents,
  SerialLine,
} from "./events";
export type { MeterEvidence } from "./dialled-meter";
export type { ListenerFacts, UnknownTitle } from "./facts";
export type { HeartbeatOptions } from "./heartbeat";
export { listenPush, type PushListener } from "./listen-push";
export type { NoiseHint, NoiseKind } from "./noise";
export type { ListenLimits, ListenLogger, ListenPushOptions, ListenTransport, PushSerialMode } from "./options";
