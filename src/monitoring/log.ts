/** The node's log: one JSON object a line, secrets blotted out. */
import { pino } from "pino"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { quietLogger, type Logger } from "#actors/telemetry.js"
import { RotatingFile, type Rotation } from "./rotating-file.js"

/** Fields whose values never reach a log, at the top of a line and one level below. */
const secrets = ["authorization", "apiKey", "key", "secret", "password", "token", "cookie", "adminToken"]

export interface LogOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "silent"
  /** File to append to, made with its folder; "-" is standard output. */
  readonly file: string
  /** When the file is full, and how many full ones are kept. */
  readonly rotation: Rotation
  /** Stands in every line. */
  readonly node: string
}

export interface NodeLogger extends Logger {
  /** Closes the file. */
  close(): Promise<void>
}

/**
 * Opens the log. Lines are written at once: a log that loses its last lines in a crash is no use.
 * @throws `INVALID_CONFIG` when its file cannot be made or written
 */
export function openLog(options: LogOptions, destination?: pino.DestinationStream): NodeLogger {
  const file = destination === undefined && options.file !== "-" ? openFile(options) : undefined
  const logger = pino(
    {
      level: options.level,
      base: { node: options.node },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      serializers: { error: pino.stdSerializers.err }, // with type, message, stack, code and causes
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? file ?? pino.destination({ dest: 1, sync: true }),
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
      file?.close()
    },
  }
}

function openFile({ file, rotation }: LogOptions): RotatingFile {
  try {
    return new RotatingFile(file, rotation)
  } catch (cause) {
    throw new AgentOSError(
      "INVALID_CONFIG",
      `monitoring.file: the log ${file} cannot be made or written (${thrownText(cause)}); ` +
        'name a file that this user may write, or "-" for standard output',
      { cause },
    )
  }
}
