import { workerData } from 'node:worker_threads'
import type { ExamTask } from './examine.ts'
import { examineDatabase } from './examine-database.ts'
import { answerWith } from './run-in-thread.ts'

const { file } = workerData as ExamTask

await answerWith(() => examineDatabase(file, Math.random))
