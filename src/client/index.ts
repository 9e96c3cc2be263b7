/** The typed client of a node, over REST and gRPC. */
export { createClient } from "./client.js"
export type { Answer, AnswerEvent, Askable, AskOptions, Client, ClientOptions, ClientTls } from "./client.js"
export type { CallOptions } from "./transport.js"
export type { InputOf, OutputOf, StreamName, UnaryName } from "../gateway/operations.js"
export type {
  AgentView,
  ClusterView,
  MemberView,
  MoveView,
  RebalanceView,
  RunStatus,
  TopologyView,
} from "../gateway/backend.js"
export { AgentOSError } from "#actors/errors.js"
