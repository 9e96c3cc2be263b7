import { defineErrors } from "#actors/errors.js"

/** What the doors say about a request itself. */
export const gatewayErrors = defineErrors({
  INVALID_REQUEST: {
    retryable: false,
    executed: "no",
    meaning: "The request does not have the form of its operation; the message names the field.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    retryable: false,
    executed: "no",
    meaning: "The body is not JSON; send `Content-Type: application/json`.",
  },
  PAYLOAD_TOO_LARGE: { retryable: false, executed: "no", meaning: "The body is larger than `gateway.bodyLimitBytes`." },
  UNKNOWN_TARGET: { retryable: false, executed: "no", meaning: "No agent or topology has this name." },
  UNKNOWN_RUN: { retryable: false, executed: "no", meaning: "No run has this id, or it belongs to another caller." },
  UNKNOWN_OPERATION: {
    retryable: false,
    executed: "no",
    meaning: "There is no such path, or over gRPC no such method.",
  },
  METHOD_NOT_ALLOWED: {
    retryable: false,
    executed: "no",
    meaning: "The path is known and the method is not one of it; `Allow` names those that are.",
  },
  HEADERS_TOO_LARGE: { retryable: false, executed: "no", meaning: "The head of the request is larger than 16 KiB." },
  REQUEST_TIMEOUT: { retryable: true, executed: "no", meaning: "The request did not come whole in time." },
  UPLOADS_FULL: {
    retryable: true,
    executed: "no",
    meaning: "Too many bytes of requests by this caller are still arriving; they are held until they are complete.",
  },
  NODE_STOPPING: {
    retryable: true,
    executed: "no",
    meaning: "The node is stopping and takes no new requests; it ends those that it has.",
  },
  NOT_CLUSTERED: {
    retryable: false,
    executed: "no",
    meaning: "This node is in no cluster; `cluster:` in its configuration makes it a member of one.",
  },
  UNAVAILABLE_PORT: {
    retryable: false,
    executed: "no",
    meaning: "A port of the gateway cannot be listened on; another process may hold it.",
  },
  UNREACHABLE: { retryable: true, executed: "maybe", meaning: "The client found no node at this address, or lost it." },
  CLIENT_CLOSED: {
    retryable: false,
    executed: "no",
    meaning: "The client was closed, before the call or while it went on; make another one.",
  },
  INTERNAL: {
    retryable: false,
    executed: "maybe",
    meaning: "Something went wrong that has no code of its own; the log has it under the trace id.",
  },
})
