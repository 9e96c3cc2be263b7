/** Schemathesis, a fuzzer of OpenAPI that others wrote, over a node: all its checks. It is a program of its own (PyPI). */
import { spawn } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"

export interface Schemathesis {
  readonly cases: number
  readonly failures: number
  /** What it printed. */
  readonly text: string
}

/**
 * What a request may meet that no schema can say beforehand: bytes that are no PDF, an id that is too long with its
 * folder, a chat whose last message is not the user's, a query whose letters, escaped, make the head too large.
 */
const settings = `
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "429", "431", "5xx"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "431", "5xx"]

[[operations]]
include-operation-id = "AddDocument"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "5xx"]

[[operations]]
include-operation-id = "Chat"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429", "5xx"]
`

/** @returns undefined where there is no such program: on the PATH, or where SCHEMATHESIS says */
export async function schemathesis(
  rest: string,
  folder: string,
  { examples, token }: { readonly examples: number; readonly token: string },
): Promise<Schemathesis | undefined> {
  const config = join(folder, "schemathesis.toml")
  await writeFile(config, settings)
  const given = [
    "--no-color",
    "--config-file",
    config,
    "run",
    `${rest}/docs/json`,
    "--url",
    rest,
    "--checks",
    "all",
    "--seed",
    "1",
  ]
  const more = ["--max-examples", String(examples), "--continue-on-failure", "-H", `Authorization: Bearer ${token}`]
  const program = process.env["SCHEMATHESIS"] ?? "schemathesis"
  const text = await new Promise<string | undefined>((resolve) => {
    let out = ""
    const child = spawn(program, [...given, ...more], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
    child.on("error", () => resolve(undefined))
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (out += bytes.toString()))
    child.on("close", () => resolve(out))
  })
  if (text === undefined) return undefined
  const cases = Number(/(\d+) generated/.exec(text)?.[1] ?? 0)
  const failures = Number(
    /found (\d+) unique failures?/.exec(text)?.[1] ?? (/No issues found|passed/.test(text) ? 0 : NaN),
  )
  return { cases, failures: /\d+ errors?\b/.test(text.split("SUMMARY").at(-1) ?? "") ? NaN : failures, text }
}
