/** What every door checks requests with, so that all refuse the same. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv"
import { AgentOSError } from "#actors/errors.js"
import { faultOf, isName, MOST_NAME_BYTES } from "#actors/names.js"
import type { JsonSchema } from "./json-schema.js"

const options = {
  strict: false,
  verbose: true,
  formats: { name: isName, "well-formed": (text: string) => text.isWellFormed() },
}
const exact = new Ajv(options)
/** In a URL everything is text. */
const text = new Ajv({ ...options, coerceTypes: true })

export const compiled = (schema: JsonSchema): ValidateFunction => exact.compile(schema)
export const compiledForText = (schema: JsonSchema): ValidateFunction => text.compile(schema)

/** A check that is compiled when it is first used. @returns the value. */
export function checkOf(schema: JsonSchema): (value: unknown) => unknown {
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= compiled(schema)
    if (validate(value) === true) return value
    throw fault(validate.errors)
  }
}

/** What is wrong with a request. */
export function fault(errors: readonly Partial<ErrorObject>[] | null | undefined): AgentOSError {
  const faults = (errors ?? []).map(({ instancePath = "", message, keyword, params, data }) => {
    const field = instancePath.slice(1).replaceAll("/", ".")
    if (keyword === "format" && params?.["format"] === "name")
      return `${field} ${faultOf(data)}; at most ${MOST_NAME_BYTES} bytes of well-formed Unicode are taken`
    if (keyword === "format") return `${field} holds half of a surrogate pair`
    const more =
      keyword === "enum" || keyword === "const"
        ? `: ${JSON.stringify(params?.["allowedValues"] ?? params?.["allowedValue"])}`
        : keyword === "additionalProperties"
          ? `: ${JSON.stringify(String(params?.["additionalProperty"]).slice(0, 60))}`
          : ""
    return `${field === "" ? "the request" : field} ${message}${more}`
  })
  return new AgentOSError("INVALID_REQUEST", faults.join("; "))
}
