/** The node's log: one JSON object a line, secrets blotted out. */
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { pino } from "pino"
import { quietLogger, type Logger } from "#actors/telemetry.js"

/** Fields whose values never reach a log, at the top of a line and one level below. */
const secrets = ["authorization", "apiKey", "key", "secret", "password", "token", "cookie", "adminToken"]

export interface LogOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "silent"
  /** File to append to, made with its folder; "-" is standard output. */
  readonly file: string
  /** Stands in every line. */
  readonly node: string
}

export interface NodeLogger extends Logger {
  /** Closes the file. */
  close(): Promise<void>
}

/** Opens the log. Lines are written at once: a log that loses its last lines in a crash is no use. */
export function openLog(options: LogOptions, destination?: pino.DestinationStream): NodeLogger {
  if (destination === undefined && options.file !== "-") mkdirSync(dirname(options.file), { recursive: true })
  const file =
    destination === undefined
      ? pino.destination({ dest: options.file === "-" ? 1 : options.file, sync: true })
      : undefined
  const logger = pino(
    {
      level: options.level,
      base: { node: options.node },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      serializers: { error: pino.stdSerializers.err }, // with type, message, stack, code and causes
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? file ?? process.stdout,
  )
  return {
    ...quietLogger({
      debug: (fields, message) => logger.debug(fields, message),
      info: (fields, message) => logger.info(fields, message),
      warn: (fields, message) => logger.warn(fields, message),
      error: (fields, message) => logger.error(fields, message),
    }),
    close: async () => {
      logger.flush()
      if (file !== undefined && options.file !== "-") file.end()
    },
  }
}
