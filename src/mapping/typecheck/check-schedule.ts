import { parseDuration } from '../../config/parse-duration.ts'
import type { Template } from '../expression/compile-template.ts'
import { readInstant } from '../expression/to-instant.ts'
import { checkTemplate, type ValueContext } from './check-values.ts'
import { describeType } from './describe-type.ts'
import { finding } from './infer-context.ts'
import { membersOf, type ValueType } from './value-type.ts'

/** What each key of a mapping that plans its jobs must give; plan-jobs.ts says the same of a value. */
const WANTED = {
  order: { expected: 'a text that is not empty, a number or a bool', fits: isOrderKey },
  runAt: { expected: 'an instant, or a duration such as 10m', fits: isTime },
  expiresAfter: { expected: 'an instant, or a duration such as 10m', fits: isTime },
} as const

export type ScheduleKey = keyof typeof WANTED

/** Checks the template of `order`, `runAt` or `expiresAfter`, and reports one of which every event would be dead. */
export function checkSchedule(key: ScheduleKey, { node }: Template, context: ValueContext): void {
  const type = checkTemplate(node, context)
  const { expected, fits } = WANTED[key]
  if (membersOf(type).some(fits)) return
  const found = node.kind === 'constant' ? JSON.stringify(node.value) : `one that gives ${describeType(type)}`
  const parts = { code: 'invalid_value', message: `"${key}" gives ${describeType(type)}`, expected, found } as const
  const start = node.kind === 'expression' ? node.placed.start : null
  context.report({ ...finding(parts), pointer: `/${key}`, path: [], start, atKey: false, expression: null })
}

function isOrderKey(type: ValueType): boolean {
  if (type.kind === 'string') return type.value !== ''
  return ['number', 'bool', 'enum', 'dyn', 'never'].includes(type.kind)
}

/** null is no time: at once, or never. */
function isTime(type: ValueType): boolean {
  if (type.kind === 'number') return type.value === null || readInstant(type.value) !== null
  if (type.kind === 'string') {
    return type.value === null || parseDuration(type.value) !== null || readInstant(type.value) !== null
  }
  return type.kind === 'null' || type.kind === 'dyn' || type.kind === 'never'
}
