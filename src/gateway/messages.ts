/** Where a message of proto/agent.proto has another form than the value of its operation. Pure. */
import { isUtf8 } from "node:buffer"
import { bytesOfBase64 } from "../knowledge/reading/document-bytes.js"
import type { Form, Message } from "./wire.js"

/** Models stand in a field of their own name. */
export const modelsForm = (plain: Form): Form => ({
  toMessage: (value) => ({ models: (value as { readonly data: readonly Message[] }).data }),
  toValue: ({ models }) => plain.toValue({ data: models }),
})

/** A node that is given up is a name. */
export const forgetForm = (plain: Form): Form => ({
  toMessage: (value) => ({ name: (value as { readonly node: string }).node }),
  toValue: ({ name }) => plain.toValue({ node: name }),
})

/** A run's error stands in two fields beside, too, for clients from before it had one of its own. */
export const runStatusForm = (plain: Form): Form => ({
  toMessage(value) {
    const message = plain.toMessage(value)
    const { code, message: text } = (message["error"] ?? {}) as { readonly code?: string; readonly message?: string }
    return code === undefined ? message : { ...message, errorCode: code, errorMessage: text }
  },
  toValue: (message) => plain.toValue(message),
})

/** A document's content is its bytes. */
export const documentForm = (plain: Form): Form => ({
  toMessage(value) {
    const { id = "", format, content = "", encoding, folder } = value as Readonly<Record<string, string>>
    const inBase64 = encoding === undefined ? format === "pdf" : encoding === "base64"
    const bytes = inBase64 ? bytesOfBase64(id, content) : Buffer.from(content)
    return { id, format, content: bytes, ...(folder === undefined ? {} : { folder }) }
  },
  toValue({ content, ...message }) {
    const bytes =
      content instanceof Uint8Array ? Buffer.from(content.buffer, content.byteOffset, content.length) : Buffer.alloc(0)
    const encoding = message["format"] !== "pdf" && isUtf8(bytes) ? "utf8" : "base64"
    return plain.toValue({ ...message, content: bytes.toString(encoding), encoding })
  },
})
