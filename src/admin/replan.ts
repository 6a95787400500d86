import { BridgeError } from '../errors.ts'
import { judgeMapping } from '../mapping/judge-mapping.ts'
import { readScope } from '../route/read-scope.ts'
import type { Setup } from '../setup/setup.ts'
import type { EventDetail } from '../store/reports.ts'
import type { PlannedJob } from '../store/routes.ts'

/**
 * Plans the jobs that a mapping, as it is now, makes of an event: for a job that failed before it was planned. The event
 * keeps the type that routing found. Throws `not_planned`, with what stands in the way.
 */
export function planAnew({ event }: EventDetail, name: string, setup: Setup): readonly [PlannedJob, ...PlannedJob[]] {
  const { config, sources } = setup
  const mapping = setup.mappings.get(name)
  if (mapping === undefined) throw refuse(`its mapping "${name}" is no longer there`)
  const rules = [...sources.values()].map(
    ({ name, form }) => [name, { eventType: null, form, mayEcho: false }] as const,
  )
  const { constants, limits } = config
  const read = readScope(event, { sources: new Map(rules), constants, jsonDepthMax: limits.jsonDepthMax })
  if (!read.ok) throw refuse(read.message)
  const judged = judgeMapping(mapping, read.scope, limits)
  if (!judged.taken) throw refuse('the mapping as it is now does not take the event')
  if (!judged.plan.ok) throw refuse(`the mapping as it is now fails too: ${judged.plan.message}`)
  const { hash: mappingHash, integration, coalesce } = mapping
  const [first, ...others] = judged.plan.jobs.map(
    ({ item, ...job }): PlannedJob => ({
      ...job,
      mapping: name,
      mappingHash,
      integration,
      coalesce,
      item: item === undefined ? null : JSON.stringify(item),
      failed: null,
    }),
  )
  if (first === undefined) throw refuse('the mapping as it is now makes no job of the event')
  return [first, ...others]
}

function refuse(why: string): BridgeError {
  return new BridgeError('not_planned', `Its mapping failed before it had made its jobs, and ${why}`)
}
