import type { StoreExam, StoreInspection } from '../store/exam.ts'
import { type Check, failed, ok, warning } from './check.ts'

/** What the connection must say: `connect.ts` sets it. 2 = full, incremental. */
const PRAGMAS: StoreInspection['pragmas'] = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, auto_vacuum: 2 }

const REPORT = 'take a backup, keep the database as it is, and report it'
const RESTORE = 'restore the last backup; the damaged database is kept beside it'

/** Is what makes an answered delivery durable in force? */
export function checkPragmas({ pragmas }: StoreInspection): Check {
  const wrong = Object.entries(PRAGMAS).filter(([name, value]) => pragmas[name] !== value)
  if (wrong.length > 0) {
    const found = wrong.map(([name, value]) => `${name} is ${pragmas[name]}, expected ${value}`).join(', ')
    return failed('pragmas', found, REPORT)
  }
  return ok(
    'pragmas',
    Object.entries(pragmas)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  )
}

/** Is the file whole, and can what was received be read back? */
export function checkContents({ integrity, blocksRead, unreadable }: StoreExam): Check[] {
  return [
    integrity === 'ok' ? ok('integrity', 'the database file is whole') : failed('integrity', integrity, RESTORE),
    unreadable.length === 0
      ? ok('contents', `${blocksRead} blocks of payloads were read back as they were received`)
      : failed('contents', `the payloads of events ${unreadable.join(', ')} cannot be read back`, RESTORE),
  ]
}

/** Do the rows agree with each other, and with the counts that are kept beside them? `isRunning`: a service has them open. */
export function checkInvariants(exam: StoreExam, { gauge, rows }: StoreInspection, isRunning: boolean): Check {
  const wrong = [
    [exam.jobsWithoutEvent, 'jobs without an event'],
    [exam.keysWithoutHead, 'order keys of which not one job stands first'],
    [exam.strayHeads, 'jobs that stand in the wrong place of their order'],
    [exam.strayAttempts, 'requests without an outcome that nobody waits for'],
    [isRunning ? Math.max(0, exam.leaseOwners - 1) : 0, 'other processes that hold leases'],
    ...(['openJobs', 'routedSeq', 'lastSeq'] as const).map(name => [
      Math.abs(gauge[name] - rows[name]),
      `off in ${name}`,
    ]),
  ].filter(([count]) => count !== 0)
  if (wrong.length === 0) return ok('invariants', 'jobs, order keys, requests and counts agree')
  return failed('invariants', wrong.map(([count, what]) => `${count} ${what}`).join(', '), REPORT)
}

/** An examination that could not be made is a finding of its own. */
export function examFailed(reason: string): Check {
  return failed('integrity', `the database could not be examined: ${reason}`, RESTORE)
}

/** The schema of a database that no service has opened since the bridge was upgraded. */
export function checkSchema(version: number, known: number): Check | null {
  if (version === known) return null
  if (version > known)
    return failed('schema', `version ${version}, this release knows up to ${known}`, 'upgrade the bridge')
  return warning(
    'schema',
    `version ${version}, this release begins with ${known}`,
    'back up, then start the service: it brings it up to date',
  )
}
