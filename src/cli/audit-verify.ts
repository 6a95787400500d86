import { existsSync } from 'node:fs'
import pc from 'picocolors'
import type { z } from 'zod'
import type { verdictAnswer } from '../admin/audit-answers.ts'
import { viewVerdict } from '../admin/view-audit.ts'
import { openAnchors } from '../audit/anchors.ts'
import type { VerificationLine } from '../audit/follow-verification.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { openAuditCopy } from '../store/sqlite/open-audit-copy.ts'
import { getLines, readClientOrExit } from './api-client.ts'
import { createProgress } from './audit.ts'
import { cliError, EXIT } from './exit.ts'
import { say, showInstant } from './list-rows.ts'

type Verdict = z.output<typeof verdictAnswer>

interface VerifyOptions {
  database?: string
  anchors?: string
  key?: string
  json?: boolean
}

/** Verifies the audit of the running service, or that of a copy of its database; exit code 1 where it is not whole. */
export async function verify(options: VerifyOptions): Promise<number> {
  const { database, json } = options
  const verdict = database === undefined ? await verifyService(options) : await verifyCopy({ ...options, database })
  if (json === true) say(JSON.stringify(verdict))
  else printVerdict(verdict)
  return verdict.ok ? EXIT.done : EXIT.failed
}

async function verifyService({ anchors, key }: VerifyOptions): Promise<Verdict> {
  if (anchors !== undefined || key !== undefined)
    throw cliError(EXIT.usage, '--anchors and --key: expected with --database only; the running service knows its own')
  const client = readClientOrExit()
  const showProgress = createProgress()
  for await (const line of getLines(client, '/api/audit/verify') as AsyncGenerator<VerificationLine<Verdict>>) {
    if (line.kind === 'verdict') return line.verdict
    if (line.kind === 'error') throw cliError(EXIT.failed, `${client.url}: ${line.code}: ${line.message}`)
    showProgress(`row ${line.seq}`)
  }
  throw cliError(EXIT.failed, `${client.url}: expected a verdict as the last line, found none`)
}

/** For auditors: needs neither the service nor its key, and changes nothing. */
async function verifyCopy({ database, anchors, key }: VerifyOptions & { database: string }): Promise<Verdict> {
  if (anchors !== undefined && !existsSync(anchors))
    throw cliError(EXIT.usage, `--anchors: expected the file of checkpoints, found nothing at "${anchors}"`)
  const copy = openAuditCopy(database)
  const showProgress = createProgress()
  try {
    const verdict = await verifyAudit(copy, {
      anchors: anchors === undefined ? null : await openAnchors(anchors),
      key: key ?? null,
      anchoredThroughSeq: 0,
      onProgress: seq => showProgress(`row ${seq}`),
    })
    return viewVerdict(verdict)
  } finally {
    copy.close()
  }
}

function printVerdict(verdict: Verdict): void {
  const { ok, problem, rows, fromSeq, throughSeq, prunedThroughSeq, signedThroughSeq, restores, keys } = verdict
  if (problem !== null)
    say(`${pc.red('not as it was written')}  row ${problem.seq}  ${problem.code}: ${problem.message}`)
  say(
    `${ok ? pc.green('whole') : 'good before that'}  ${rows} rows${rows === 0 ? '' : `, ${fromSeq} to ${throughSeq}`}`,
  )
  if (prunedThroughSeq > 0) say(`  rows up to ${prunedThroughSeq} were removed by retention, as the audit says`)
  for (const { at, lostFromSeq, lostThroughSeq } of restores)
    say(
      `  restored before ${showInstant(at)}: rows ${lostFromSeq} to ${lostThroughSeq} of the history before are not here`,
    )
  if (ok && throughSeq > signedThroughSeq) say(`  rows after ${signedThroughSeq} are chained, but not signed yet`)
  if (verdict.anchors === null) say('  not compared with the file of checkpoints: --anchors')
  else if (verdict.unanchored > 0)
    say(pc.yellow(`  ${verdict.unanchored} checkpoints are not in the file of checkpoints`))
  for (const { fingerprint, sinceSeq } of keys) say(`  signed by the key ${fingerprint} from row ${sinceSeq} on`)
}
