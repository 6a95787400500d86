import { z } from 'zod'
import { JOB_STATES } from './job-questions.ts'

/** Answers of `/api`: their schemas are the documentation, and the types of what the routes give. This is what several of them have. */

export const instant = z.iso.datetime()
export const state = z.enum(JOB_STATES)
export const next = z.string().nullable().describe('the cursor of the page after this one; null = that was all')
export const errorAnswer = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), requestId: z.string() }),
})
