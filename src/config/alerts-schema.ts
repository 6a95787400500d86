import { z } from 'zod'
import { ALERT_KIND_NAMES } from '../alerts/alert-kinds.ts'
import { count, duration, secretReference } from './value-schemas.ts'

const webhook = z.strictObject(
  {
    url: z.string({ error: 'an https URL' }).describe('Where alerts are posted: https, or http on this machine'),
    secret: secretReference.describe('What they are signed with (Standard Webhooks), as a reference'),
  },
  { error: '{ "url", "secret" }' },
)

/** `alerts` of `bridge.json`; src/config/read-alerts.ts looks at what a schema cannot say. */
export const alertsSchema = z.strictObject({
  webhook: webhook.optional(),
  log: z.boolean({ error: 'true or false' }).default(true).describe('Whether every alert is a log line too'),
  on: z
    .array(z.enum(ALERT_KIND_NAMES, { error: `one of ${ALERT_KIND_NAMES.join(', ')}` }), {
      error: 'a list of kinds of alerts',
    })
    .default(ALERT_KIND_NAMES)
    .describe('What is told; left out = everything'),
  window: duration
    .default('10m')
    .describe('Alerts of one kind about one thing are one within this time, with their count'),
  backlogJobs: count(100_000_000).default(1_000).describe('Open jobs above which the backlog is told of'),
})
