import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { auditAnswer, verdictAnswer } from '../../../src/admin/audit-answers.ts'
import { auditExportQuery, auditQuery, readAuditQuery } from '../../../src/admin/audit-questions.ts'
import { formatCursor } from '../../../src/admin/cursor.ts'
import { fillPage } from '../../../src/admin/fill-page.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { viewAuditLine, viewVerdict } from '../../../src/admin/view-audit.ts'
import { exportAuditText } from '../../../src/audit/export-audit-text.ts'
import { followVerification } from '../../../src/audit/follow-verification.ts'
import { verifyRunning } from '../../../src/audit/verify-running.ts'
import type { ExportFormat } from '../../../src/audit/write-export.ts'
import { BridgeError } from '../../../src/errors.ts'

const LINES_TYPE = 'application/x-ndjson'
const TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: LINES_TYPE,
  csv: 'text/csv; charset=utf-8',
}

/** `/api/audit`: who did what, whether the account of it is whole, and all of it to take away. */
export default async function auditRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  /** One at a time: each reads all of the audit. */
  let isVerifying = false
  let isExporting = false

  app.get(
    '/',
    { config: { role: 'viewer', doc: { summary: 'The audit, newest first', query: auditQuery, answer: auditAnswer } } },
    async request => {
      const { store } = bridge
      const asked = readRequest(auditQuery, request.query)
      const query = readAuditQuery(auditQuery, asked, store.epoch, Date.now())
      const { rows, nextSeq } = await fillPage(query, async ask => {
        const { entries, nextSeq } = await store.listAudit(ask)
        return { rows: entries, nextSeq }
      })
      return { entries: rows.map(viewAuditLine), next: formatCursor(store.epoch, nextSeq) }
    },
  )

  app.get(
    '/verify',
    {
      config: {
        role: 'viewer',
        doc: {
          summary:
            'Checks every row of the audit against its chain, its signatures and the file of checkpoints; with "Accept: application/x-ndjson" how far it has come, line by line, the last with the verdict',
          query: noQuery,
          answer: verdictAnswer,
          errors: ['busy'],
        },
      },
    },
    async (request, reply) => {
      readRequest(noQuery, request.query)
      if (isVerifying) throw new BridgeError('busy', 'Another verification is under way', { retryAfterSec: 10 })
      isVerifying = true
      if (request.headers.accept !== LINES_TYPE) return verifyNow(() => {}, request.raw)
      const lines = followVerification(onProgress => verifyNow(onProgress, request.raw), {
        onFailed: error => bridge.log.error({ err: error }, 'a verification failed'),
      })
      // a connection that is kept after a long answer would hold up a stop that was begun meanwhile
      return reply
        .type(LINES_TYPE)
        .header('connection', 'close')
        .send(Readable.from(writeLines(lines), { objectMode: false }))
    },
  )

  async function verifyNow(
    onProgress: (seq: number) => void,
    { socket }: FastifyRequest['raw'],
  ): Promise<z.output<typeof verdictAnswer>> {
    try {
      await bridge.checkpoints.check()
      const isStopped = (): boolean => bridge.closing || socket.destroyed
      const verdict = await verifyRunning(bridge.store, bridge.checkpoints, isStopped, onProgress)
      if (bridge.closing) throw new BridgeError('shutting_down', 'The bridge is shutting down', { retryAfterSec: 5 })
      if (!verdict.ok) bridge.log.error({ problem: verdict.problem }, 'the audit is not as it was written')
      return viewVerdict(verdict)
    } finally {
      isVerifying = false
    }
  }

  app.get(
    '/export',
    {
      config: {
        role: 'operator',
        isAudited: true,
        doc: {
          summary: 'The audit, oldest first, as NDJSON or CSV',
          query: auditExportQuery,
          answerType: LINES_TYPE,
          errors: ['busy'],
        },
      },
    },
    async (request, reply) => {
      const { store } = bridge
      const asked = readRequest(auditExportQuery, request.query)
      const query = readAuditQuery(auditExportQuery, asked, store.epoch, Date.now())
      if (isExporting) throw new BridgeError('busy', 'Another export is under way', { retryAfterSec: 10 })
      isExporting = true
      const text = exportAuditText(store, query, asked.format, () => bridge.closing)
      const stream = Readable.from(text, { objectMode: false })
      // also where the client went away before it read anything
      stream.once('close', () => {
        isExporting = false
      })
      // a connection that is kept after a long answer would hold up a stop that was begun meanwhile
      return reply.type(TYPES[asked.format]).header('connection', 'close').send(stream)
    },
  )
}

async function* writeLines(lines: AsyncIterable<object>): AsyncGenerator<string, void, void> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}
