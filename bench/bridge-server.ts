/** The service in a process of its own, as `start` runs it, with what a bench asks of it over IPC. Argument: folder of its configuration. */
import { startBridge } from '../src/start-bridge.ts'

const startedAt = performance.now()
const running = await startBridge({
  config: { cwd: process.argv[2]! },
  onFatal: error => {
    throw error
  },
})
process.send?.({ port: Number(new URL(running.url).port), startMs: performance.now() - startedAt })
process.on('message', async (ask: { id: number; what: string }) => {
  const answer =
    ask.what === 'backlog' ? await running.bridge.store.readBacklog() : { rssBytes: process.memoryUsage().rss }
  process.send?.({ id: ask.id, answer })
})
process.on('SIGTERM', async () => {
  await running.stop()
  process.exit(0)
})
