/** How values travel between simulated nodes: in the form in which they are stored and sent, so that nothing is shared; what nobody can change goes as it is. */
import { AgentOSError } from "../errors.js"
import { decodePayload, encodePayload } from "../persistence/stored-codec.js"
import { Ref } from "../ref.js"

/** An object under way. */
export class Packed {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** @throws `INVALID_PAYLOAD` for what is not plain data, and for refs */
export function carry(value: unknown): unknown {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol")
      throw new AgentOSError("INVALID_PAYLOAD", `a ${typeof value} does not travel; a payload is plain data`)
    return value
  }
  checkNoRefs(value)
  return new Packed(Uint8Array.prototype.slice.call(encodePayload(value)))
}

/** What arrives. */
export const unload = (carried: unknown): unknown =>
  carried instanceof Packed ? decodePayload(carried.bytes) : carried

/** The virtual network does not carry refs: what has only keys of entities in its messages can be simulated. */
function checkNoRefs(value: object): void {
  if (value instanceof Ref) throw new AgentOSError("INVALID_PAYLOAD", "the virtual network carries no refs; send a key")
  if (ArrayBuffer.isView(value)) return
  for (const part of Object.values(value) as unknown[]) if (typeof part === "object" && part !== null) checkNoRefs(part)
}

interface ErrorForm {
  readonly code: string
  readonly message: string
  readonly node: string
}

export function formOf(thrown: unknown, node: string): ErrorForm {
  const error = AgentOSError.from(thrown)
  return { code: error.code, message: error.message, node: error.node ?? node }
}

export function errorOf(form: unknown): AgentOSError {
  const { code, message, node } = form as ErrorForm
  return new AgentOSError(code, message, { node })
}
