import type { StoreExam } from '../exam.ts'
import { runInThread } from './run-in-thread.ts'

export interface ExamTask {
  file: string
}

/** Examines a database in a thread with a connection of its own; deliveries go on. `shutting_down` where it is given up. */
export function examine(file: string, signal: AbortSignal): Promise<StoreExam> {
  const task: ExamTask = { file }
  return runInThread('exam-thread', task, signal)
}
