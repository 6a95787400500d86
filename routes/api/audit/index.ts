import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { auditAnswer, verdictAnswer } from '../../../src/admin/audit-answers.ts'
import { auditExportQuery, auditQuery, readAuditQuery } from '../../../src/admin/audit-questions.ts'
import { formatCursor } from '../../../src/admin/cursor.ts'
import { fillPage } from '../../../src/admin/fill-page.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { viewAuditLine, viewVerdict } from '../../../src/admin/view-audit.ts'
import { exportAuditText } from '../../../src/audit/export-audit-text.ts'
import { verifyRunning } from '../../../src/audit/verify-running.ts'
import type { ExportFormat } from '../../../src/audit/write-export.ts'
import { BridgeError } from '../../../src/errors.ts'

const TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
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
          summary: 'Checks every row of the audit against its chain, its signatures and the file of checkpoints',
          query: noQuery,
          answer: verdictAnswer,
          errors: ['busy'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      if (isVerifying) throw new BridgeError('busy', 'Another verification is under way', { retryAfterSec: 10 })
      isVerifying = true
      try {
        await bridge.checkpoints.check()
        const verdict = await verifyRunning(bridge.store, bridge.checkpoints, () => bridge.closing)
        if (bridge.closing) throw new BridgeError('shutting_down', 'The bridge is shutting down', { retryAfterSec: 5 })
        if (!verdict.ok) bridge.log.error({ problem: verdict.problem }, 'the audit is not as it was written')
        return viewVerdict(verdict)
      } finally {
        isVerifying = false
      }
    },
  )

  app.get(
    '/export',
    {
      config: {
        role: 'operator',
        isAudited: true,
        doc: {
          summary: 'The audit, oldest first, as NDJSON or CSV',
          query: auditExportQuery,
          answerType: 'application/x-ndjson',
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
