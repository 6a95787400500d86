import { z } from 'zod'

/** Longest body the fault `huge` sends. */
export const HUGE_BYTES_MAX = 256 * 1024 * 1024
const DELAY_MS_MAX = 600_000

const common = {
  /** GraphQL operation name or mutation/query field; `*` is every request. */
  operation: z.string().default('*'),
  /** How often it fires; without it once, or without end where `probability` is given. */
  times: z.int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
}
const applied = z.boolean().default(true)
const notApplied = z.boolean().default(false)
const retryAfter = z.union([z.string(), z.number()]).nullable().optional()

/** What can go wrong on purpose. `apply` says whether the mutation takes effect although its answer is spoilt. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('delay'), ms: z.int().min(0).max(DELAY_MS_MAX) }),
  z.strictObject({ ...common, kind: z.literal('reset-before') }),
  z.strictObject({ ...common, kind: z.literal('reset-after') }),
  z.strictObject({
    ...common,
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    apply: notApplied,
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('garbage'), apply: notApplied }),
  z.strictObject({ ...common, kind: z.literal('truncated'), apply: applied }),
  z.strictObject({ ...common, kind: z.literal('refuse'), message: z.string().optional() }),
  z.strictObject({ ...common, kind: z.literal('hang'), apply: notApplied }),
  z.strictObject({
    ...common,
    kind: z.literal('huge'),
    apply: applied,
    bytes: z.int().positive().max(HUGE_BYTES_MAX).default(2_097_152),
  }),
  z.strictObject({ ...common, kind: z.literal('redirect'), url: z.url() }),
  z.strictObject({
    ...common,
    kind: z.literal('graphql-error'),
    code: z.string().optional(),
    message: z.string().default('The sandbox refused on purpose.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('partial'),
    message: z.string().default('Part of the answer is missing on purpose.'),
  }),
  z.strictObject({ ...common, kind: z.literal('unauthorized') }),
  z.strictObject({ ...common, kind: z.literal('forbidden') }),
  z.strictObject({ ...common, kind: z.literal('rate-limit'), retryAfter }),
])

export type FaultInput = z.input<typeof faultSchema>
export type Fault = z.output<typeof faultSchema>
export type SpoilingFault = Exclude<Fault, { kind: 'delay' }>

export interface FaultQueue {
  /** Adds a fault; throws a ZodError where it is malformed. */
  add(input: FaultInput): Fault
  /** The faults for one request: all delays that match, summed up, and the first other one that matches. */
  take(names: readonly string[]): { delayMs: number; fault: SpoilingFault | null }
  list(): Array<Fault & { left: number | null }>
  clear(): void
}

/** Faults in the order they were added; `random` gives numbers in [0, 1) for `probability`. */
export function createFaultQueue(random: () => number): FaultQueue {
  let armed: Array<{ fault: Fault; left: number }> = []

  function fires(item: { fault: Fault; left: number }, names: readonly string[]): boolean {
    const { operation, probability } = item.fault
    if (operation !== '*' && !names.includes(operation)) return false
    if (probability !== undefined && random() >= probability) return false
    item.left -= 1
    return true
  }

  return {
    add(input) {
      const fault = faultSchema.parse(input)
      const times = fault.times ?? (fault.probability === undefined ? 1 : Number.POSITIVE_INFINITY)
      armed.push({ fault, left: times })
      return fault
    },
    take(names) {
      let delayMs = 0
      let spoiling: SpoilingFault | null = null
      for (const item of armed) {
        if (item.fault.kind === 'delay') delayMs += fires(item, names) ? item.fault.ms : 0
        else if (spoiling === null && fires(item, names)) spoiling = item.fault
      }
      if (delayMs > 0 || spoiling !== null) armed = armed.filter(item => item.left > 0)
      return { delayMs, fault: spoiling }
    },
    list: () => armed.map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null })),
    clear() {
      armed = []
    },
  }
}
