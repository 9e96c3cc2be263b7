/**
 * How an error code looks over HTTP and gRPC: one table for both doors.
 *
 * Invariants
 *   F1. Every code of the tables below has a face; a new code without one does not compile.
 *   F2. A code of a plugin gets its face from what it says about itself: a refusal that may be tried again is
 *       "unavailable", everything else is an internal error.
 *   F3. What is told of an error is bounded, whatever was quoted in it: it has to fit into the trailers of a call.
 */
import { status } from "@grpc/grpc-js"
import { errorCodes, type AgentOSError, type actorErrors, type Executed } from "#actors/errors.js"
import type { clusterErrors } from "#cluster/errors.js"
import type { systemErrors } from "../errors.js"
import type { knowledgeErrors } from "../knowledge/errors.js"
import type { modelErrors } from "../models/errors.js"
import type { securityErrors } from "../security/errors.js"
import type { toolErrors } from "../tools/errors.js"
import type { runErrors } from "../topologies/errors.js"
import type { gatewayErrors } from "./errors.js"

export interface Face {
  readonly http: number
  readonly grpc: status
}

export type Code = keyof (typeof actorErrors &
  typeof clusterErrors &
  typeof systemErrors &
  typeof securityErrors &
  typeof gatewayErrors &
  typeof runErrors &
  typeof modelErrors &
  typeof toolErrors &
  typeof knowledgeErrors)

const invalid: Face = { http: 400, grpc: status.INVALID_ARGUMENT }
const unauthenticated: Face = { http: 401, grpc: status.UNAUTHENTICATED }
const forbidden: Face = { http: 403, grpc: status.PERMISSION_DENIED }
const missing: Face = { http: 404, grpc: status.NOT_FOUND }
const conflict: Face = { http: 409, grpc: status.ABORTED }
const refused: Face = { http: 422, grpc: status.FAILED_PRECONDITION }
const exhausted: Face = { http: 429, grpc: status.RESOURCE_EXHAUSTED }
const cancelled: Face = { http: 499, grpc: status.CANCELLED }
const internal: Face = { http: 500, grpc: status.INTERNAL }
const damaged: Face = { http: 500, grpc: status.DATA_LOSS }
const unavailable: Face = { http: 503, grpc: status.UNAVAILABLE }
const late: Face = { http: 504, grpc: status.DEADLINE_EXCEEDED }

export const faces: Readonly<Record<Code, Face>> = {
  MAILBOX_FULL: unavailable,
  ASK_TIMEOUT: late,
  ASK_CYCLE: internal,
  ACTOR_STOPPED: unavailable,
  ACTOR_CRASHED: internal,
  SYSTEM_STOPPED: unavailable,
  UNKNOWN_MESSAGE: internal,
  UNKNOWN_DEFINITION: internal,
  NAME_TAKEN: conflict,
  INVALID_NAME: invalid,
  INVALID_ADDRESS: invalid,
  INVALID_DEFINITION: invalid,
  INVALID_OPTION: invalid,
  HANDLER_TIMEOUT: late,
  CANCELLED: cancelled,
  DEADLINE_EXCEEDED: late,
  STASH_FULL: unavailable,
  JOURNAL_FAILED: unavailable,
  COMMAND_UNANSWERED: conflict,
  RECOVERY_FAILED: damaged,
  SEQUENCE_CONFLICT: conflict,
  STALE_EPOCH: unavailable,
  RECORD_DAMAGED: damaged,
  RECORD_UNKNOWN: damaged,
  INVALID_PAYLOAD: invalid,
  INVALID_ANSWER: internal,
  LINKED_CRASH: internal,
  NOT_WATCHABLE: internal,
  NO_ROUTEE: unavailable,
  CIRCUIT_OPEN: unavailable,
  THROTTLED: exhausted,
  WORKER_LOST: unavailable,
  LEVEL_LOCKED: unavailable,
  DISK_FULL: unavailable,
  STORE_REFUSED: refused,
  STORE_FAILED: internal,
  INVALID_NODE: internal,
  UNAVAILABLE: unavailable,
  SHARD_MOVED: unavailable,
  NODE_UNREACHABLE: unavailable,
  NODE_LOST: unavailable,
  NODE_REMOVED: unavailable,
  NOT_ADMITTED: unavailable,
  FRAME_REFUSED: internal,
  UNAVAILABLE_ADDRESS: internal,
  INVALID_CERTIFICATE: internal,
  SETTINGS_DIFFER: internal,
  UNKNOWN_NODE: missing,
  NODE_ALIVE: conflict,
  UNAUTHENTICATED: unauthenticated,
  FORBIDDEN: forbidden,
  FOREIGN_HOST: forbidden,
  FOREIGN_ORIGIN: forbidden,
  RATE_LIMITED: exhausted,
  UNKNOWN_KEY: missing,
  INVALID_REQUEST: invalid,
  UNSUPPORTED_MEDIA_TYPE: { http: 415, grpc: status.INVALID_ARGUMENT },
  PAYLOAD_TOO_LARGE: { http: 413, grpc: status.RESOURCE_EXHAUSTED },
  UNKNOWN_TARGET: missing,
  UNKNOWN_RUN: missing,
  UNKNOWN_OPERATION: { http: 404, grpc: status.UNIMPLEMENTED },
  METHOD_NOT_ALLOWED: { http: 405, grpc: status.UNIMPLEMENTED },
  HEADERS_TOO_LARGE: { http: 431, grpc: status.RESOURCE_EXHAUSTED },
  REQUEST_TIMEOUT: { http: 408, grpc: status.DEADLINE_EXCEEDED },
  INVALID_AGENT: invalid,
  INVALID_TOPOLOGY: invalid,
  UNKNOWN_AGENT: missing,
  UNKNOWN_TOPOLOGY: missing,
  UNKNOWN_FUNCTION: internal,
  AGENT_STOPPED: unavailable,
  NO_NODE_FOR_AGENT: unavailable,
  KEY_REUSED: conflict,
  RUN_MOVED: unavailable,
  SHARE_SPENT: exhausted,
  MEMORY_FULL: unavailable,
  BUDGET_EXCEEDED: exhausted,
  NO_ROUTE: refused,
  OUTPUT_REJECTED: refused,
  INVALID_CONTEXT: invalid,
  RUN_FAILED: internal,
  INVALID_CHECKPOINT: internal,
  INVALID_TOKENIZER: internal,
  CONTEXT_TOO_LONG: invalid,
  UNKNOWN_MODEL: internal,
  MODEL_STOPPED: unavailable,
  MODEL_UNAVAILABLE: unavailable,
  MODEL_REFUSED: { http: 502, grpc: status.FAILED_PRECONDITION },
  INFERENCE_WORKER_LOST: unavailable,
  BACKEND_MISSING: internal,
  PROVIDER_MISSING: internal,
  UNKNOWN_TOOL: internal,
  INVALID_TOOL: internal,
  INVALID_ARGUMENTS: refused,
  INVALID_EXPRESSION: refused,
  NOTHING_FOUND: missing,
  TOOL_TIMEOUT: late,
  TOOL_FAILED: internal,
  HOST_REFUSED: forbidden,
  DOCUMENT_UNREADABLE: refused,
  DOCUMENT_TOO_LARGE: { http: 413, grpc: status.RESOURCE_EXHAUSTED },
  INVALID_FACT: invalid,
  INVALID_RECORD: invalid,
  INVALID_CONFIG: internal,
  CONSUL_MISSING: internal,
  CONSUL_FAILED: internal,
  NODE_FAILED: internal,
  BENCH_MISSING: internal,
  INVALID_PLUGIN: internal,
  UPLOADS_FULL: exhausted,
  NODE_STOPPING: unavailable,
  NOT_CLUSTERED: { http: 409, grpc: status.FAILED_PRECONDITION },
  UNAVAILABLE_PORT: internal,
  UNREACHABLE: unavailable,
  CLIENT_CLOSED: cancelled,
  INTERNAL: internal,
}

/** The face of any code (F2). */
export function faceOf(code: string): Face {
  const known: Readonly<Record<string, Face | undefined>> = faces
  const face = Object.hasOwn(known, code) ? known[code] : undefined
  if (face !== undefined) return face
  if (/^UNKNOWN_/.test(code)) return missing
  if (/^INVALID_/.test(code)) return invalid
  const spec = errorCodes().get(code)
  return spec?.retryable === true && spec.executed === "no" ? unavailable : internal
}

/** What a failed request says, at every door. No stack and no cause chain leaves the node. */
export interface Told {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly executed: Executed
  readonly details?: Readonly<Record<string, unknown>>
}

const mostMessage = 2_000
const mostDetails = 2_000

/** F3 */
export function told(error: AgentOSError): Told {
  const { code, retryable, executed } = error
  const details = clippedDetails(error.details)
  const known = /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : "INTERNAL"
  return {
    code: known,
    message: clipped(error.message, mostMessage),
    retryable,
    executed,
    ...(details === undefined ? {} : { details }),
  }
}

export const clipped = (text: string, most: number): string =>
  (text.length > most ? `${text.slice(0, most)}…` : text).toWellFormed()

/** Those that are JSON and short. */
function clippedDetails(details: Readonly<Record<string, unknown>> | undefined): Told["details"] {
  let room = mostDetails
  const kept = Object.entries(details ?? {}).filter(([name, value]) => {
    try {
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined || text.length + name.length > room) return false
      room -= text.length + name.length
      return true
    } catch {
      return false
    }
  })
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** The body of a failed request over HTTP. */
export interface ErrorBody {
  readonly error: Told & { readonly traceId: string }
}

export const errorBody = (error: AgentOSError, traceId: string): ErrorBody => ({ error: { ...told(error), traceId } })
