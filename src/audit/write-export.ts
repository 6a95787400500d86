import { type AuditEntryView, viewAuditLine } from '../admin/view-audit.ts'
import type { AuditLine } from '../store/audit.ts'

export type ExportFormat = 'ndjson' | 'csv'

const COLUMNS = [
  'seq',
  'at',
  'actor',
  'action',
  'source',
  'integration',
  'mapping',
  'eventId',
  'jobId',
  'target',
  'detail',
  'payloadHash',
  'hash',
] as const satisfies readonly (keyof AuditEntryView)[]

/** What an export begins with. */
export function writeExportHead(format: ExportFormat): string {
  return format === 'csv' ? `${COLUMNS.join(',')}\r\n` : ''
}

/** Some entries of an export: a line of JSON each, or a line of CSV (RFC 4180). */
export function writeExportLines(format: ExportFormat, entries: readonly AuditLine[]): string {
  return entries.map(format === 'csv' ? toCsv : entry => `${JSON.stringify(viewAuditLine(entry))}\n`).join('')
}

function toCsv(entry: AuditLine): string {
  const row = { ...entry, at: new Date(entry.at).toISOString() }
  return `${COLUMNS.map(column => toCell(row[column])).join(',')}\r\n`
}

/** A spreadsheet runs a cell that begins like this as a formula (OWASP, CSV injection); an apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/

/** One cell of CSV, that no spreadsheet takes for a formula. */
export function toCell(value: string | number | null): string {
  if (value === null) return ''
  const text = String(value)
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
