import pino, { type DestinationStream, type Logger } from 'pino'

/** Secrets to strike out of error texts; what is logged otherwise is chosen field by field and holds none. */
export interface SecretBook {
  values: readonly string[]
}

/** Lines are gathered up to this size or time: a system call a line costs as much as verifying a signature. */
const LOG_BUFFER_BYTES = 4_096
const LOG_FLUSH_MS = 100

/**
 * Makes the logger: JSON lines on standard output, written without waiting. Errors have every known secret struck out
 * of their texts, because some libraries and servers repeat what they were given.
 */
export function createLogger(level: string, secrets: SecretBook, destination?: DestinationStream): Logger {
  const strike = (text: unknown): unknown =>
    typeof text === 'string'
      ? secrets.values.reduce(
          (rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, '[redacted]') : rest),
          text,
        )
      : text
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: ['headers', 'authorization', 'token', 'secret', 'secrets'], censor: '[redacted]' },
      serializers: {
        err: error => {
          const { type, message, stack, code } = pino.stdSerializers.err(error) as unknown as Record<string, unknown>
          return { type, message: strike(message), stack: strike(stack), code }
        },
        cause: strike,
      },
    },
    destination ?? pino.destination({ fd: 1, sync: false, minLength: LOG_BUFFER_BYTES, periodicFlush: LOG_FLUSH_MS }),
  )
}
