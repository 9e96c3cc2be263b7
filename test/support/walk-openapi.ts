/**
 * Walks the OpenAPI document of a node: asks each operation with what it takes and with what it nearly takes, and
 * holds every answer to what the document says of it.
 */
import { Ajv } from "ajv"
import fc from "fast-check"
import { isName } from "#actors/names.js"
import type { JsonSchema } from "#src/gateway/json-schema.js"
import { nearlyOf, valuesOf } from "./from-schema.js"

interface Described {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly schema: JsonSchema }[] // prettier-ignore
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: JsonSchema } } }
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const

/**
 * @param runs requests for each operation
 * @returns what did not agree with the document, one line each
 */
export async function walkOpenApi(
  rest: string,
  {
    runs,
    seed,
    headers,
  }: { readonly runs: number; readonly seed: number; readonly headers?: Readonly<Record<string, string>> },
): Promise<{ readonly requests: number; readonly faults: readonly string[] }> {
  const document = (await (await fetch(`${rest}/docs/json`)).json()) as Document
  const { schemas } = document.components
  const ajv = new Ajv({
    strict: false,
    formats: { name: isName, "well-formed": (text: string) => text.isWellFormed() },
  })
  ajv.addSchema({ $id: "document", components: { schemas } })
  const compile = (schema: JsonSchema) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as object)
  const checks = new Map<JsonSchema, ReturnType<typeof compile>>()
  const fits = (schema: JsonSchema, value: unknown): boolean => {
    const check = checks.get(schema) ?? compile(schema)
    checks.set(schema, check)
    return check(value) === true
  }
  const faults: string[] = []
  let requests = 0

  /** Asks and holds the answer to the document. */
  const ask = async (
    described: Described,
    method: string,
    url: string,
    body: string | undefined,
    type?: string,
  ): Promise<number> => {
    requests++
    const control = new AbortController()
    const answer = await fetch(rest + url, {
      method,
      signal: control.signal,
      headers: { ...headers, ...(type === undefined ? {} : { "content-type": type }) },
      ...(body === undefined ? {} : { body }),
    })
    const what = `${described.operationId}: ${method} ${url.slice(0, 80)} ${body?.slice(0, 120) ?? ""} is ${answer.status}`
    const media = (answer.headers.get("content-type") ?? "").split(";")[0] ?? ""
    const told = described.responses[String(answer.status)]?.content[media]
    if (told === undefined) faults.push(`${what} ${media}, which is not described`)
    if (media === "text/event-stream") control.abort()
    else {
      const text = await answer.text()
      if (told !== undefined && media === "application/json" && !fits(told.schema, JSON.parse(text)))
        faults.push(`${what}; the answer has not its form: ${text.slice(0, 200)}`)
      if (answer.status >= 500 && answer.status !== 503 && answer.status !== 504)
        faults.push(`${what}: ${text.slice(0, 200)}`)
    }
    return answer.status
  }

  for (const [path, operations] of Object.entries(document.paths)) {
    const [first] = Object.values(operations)
    for (const method of methods) {
      if (operations[method.toLowerCase()] !== undefined || first === undefined) continue
      if (path.endsWith("/live") && method === "DELETE") continue // it has the form of a run's id
      requests++
      const answer = await fetch(rest + path.replace(/\{\w+\}/g, "echo"), { method: method === "TRACE" ? "PROPFIND" : method, headers: headers ?? {} }) // prettier-ignore
      const allow = answer.headers.get("allow")?.toLowerCase().split(", ") ?? []
      const right = Object.keys(operations).every((name) => allow.includes(name)) && allow.every((name) => name === "head" || name in operations) // prettier-ignore
      if (answer.status !== 405 || !right) faults.push(`${method} ${path} is ${answer.status}, allow: ${allow.join()}`)
    }
    for (const [method, described] of Object.entries(operations)) {
      const schema = described.requestBody?.content["application/json"].schema
      const verb = method.toUpperCase()
      const inputs = fc.record({
        parameters: fc.record(Object.fromEntries((described.parameters ?? []).map(({ name, schema: form }) => [name, valuesOf(form, schemas)]))), // prettier-ignore
        body:
          schema === undefined
            ? fc.constant(undefined)
            : fc.oneof(valuesOf(schema, schemas), nearlyOf(schema, schemas)),
      })
      for (const { parameters, body: given } of fc.sample(inputs, { numRuns: runs, seed })) {
        const body: unknown = given === undefined ? undefined : JSON.parse(JSON.stringify(given))
        const url = urlOf(path, described, parameters)
        const status = await ask(
          described,
          verb,
          url,
          JSON.stringify(body),
          body === undefined ? undefined : "application/json",
        )
        if (schema !== undefined && !fits(schema, body) && status < 400)
          faults.push(`${described.operationId} takes ${JSON.stringify(body).slice(0, 120)}, which is not of its form`)
        if (status === 400 && described.operationId !== "Chat" && (schema === undefined || fits(schema, body)))
          faults.push(`${described.operationId} refuses ${JSON.stringify(body)?.slice(0, 120)}, which is of its form`)
      }
      if (schema === undefined) continue
      const url = urlOf(path, described, { name: "echo" })
      const refused = (status: number, right: number): boolean => [right, 401, 403].includes(status)
      if (!refused(await ask(described, verb, url, "a=1", "application/x-www-form-urlencoded"), 415))
        faults.push(`${described.operationId} takes a form`)
      if (!refused(await ask(described, verb, url, "{", "application/json"), 400))
        faults.push(`${described.operationId} takes half a brace`)
    }
  }
  return { requests, faults }
}

function urlOf(path: string, { parameters = [] }: Described, values: Readonly<Record<string, unknown>>): string {
  const query = parameters.filter(({ in: place }) => place === "query").map(({ name }) => [name, String(values[name])])
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? "echo")).replace(/^\.+$/, "x")) // prettier-ignore
  return query.length === 0
    ? filled
    : `${filled}?${new URLSearchParams(Object.fromEntries(query) as Record<string, string>)}`
}
