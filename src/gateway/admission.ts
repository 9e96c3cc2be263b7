/**
 * What the gRPC door does before it reads a message.
 *
 * Invariants
 *   A1. A call is admitted by its metadata. Of one that is not, nothing is read and nothing held: it is answered, and its
 *       stream is closed.
 *   A2. What arrives of a message is counted (`inflow.ts`), whether or not the call needs a key; what is too much, or takes
 *       too long, is answered, and its stream is closed.
 */
import { constants, type ServerHttp2Stream } from "node:http2"
import type { Metadata, ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { statusOf } from "./grpc-status.js"
import { patienceMs, type Arrival, type Inflow } from "./inflow.js"

export interface AdmissionOptions {
  readonly inflow: Inflow
  readonly clock: Clock
  /** Who calls this method; undefined where it is open to everyone. @throws why it may not */
  readonly admit: (path: string, metadata: Metadata, traceId: string) => string | undefined
  /** One was taken. @returns says that it is over */
  readonly enter: () => () => void
  readonly errorOf: (thrown: unknown) => AgentOSError
  readonly traceOf: (metadata: Metadata) => string
}

/** The call itself is changed, and not wrapped, as in `ownUp`. */
export const admission =
  ({ inflow, clock, admit, enter, errorOf, traceOf }: AdmissionOptions): ServerInterceptor =>
  ({ path }, call) => {
    const start = call.start.bind(call)
    // grpc-js reads of it and has no name for it: where a release of it has none, bytes are not counted (A2).
    const { stream } = call as unknown as { readonly stream?: ServerHttp2Stream }
    call.start = (listener) => {
      let arrival: Arrival | undefined
      let leave: (() => void) | undefined
      let traceId = ""
      const refuse = (thrown: unknown): void => {
        arrival?.end()
        call.sendStatus(statusOf(errorOf(thrown), traceId))
        // Node 22 sends neither the status nor the end where both come while it reads.
        clock.afterInputOutput(() => stream?.close(constants.NGHTTP2_NO_ERROR))
      }
      start({
        onReceiveMetadata(metadata) {
          traceId = traceOf(metadata)
          try {
            const caller = admit(path, metadata, traceId) // A1
            arrival = inflow.begin(caller ?? "nobody", () => refuse(late()))
            if (caller !== undefined) leave = enter()
          } catch (error) {
            return refuse(error)
          }
          stream?.on("data", (chunk: Buffer) => {
            try {
              arrival?.add(chunk.length)
            } catch (error) {
              refuse(error)
            }
          })
          listener.onReceiveMetadata(metadata)
        },
        onReceiveMessage: (message: unknown) => listener.onReceiveMessage(message),
        onReceiveHalfClose() {
          arrival?.end()
          listener.onReceiveHalfClose()
        },
        onCancel() {
          arrival?.end()
          leave?.()
          listener.onCancel()
        },
      })
    }
    return call as ServerInterceptingCall
  }

const late = (): AgentOSError =>
  new AgentOSError("DEADLINE_EXCEEDED", `the request had not arrived after ${patienceMs} ms`, { executed: "no" })
