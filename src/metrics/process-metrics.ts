import { performance } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

/**
 * Adds what is to be known of the process, under the names that dashboards expect. Read when asked for: the collectors of
 * prom-client would keep a timer of 10 ms and an observer of every garbage collection running.
 */
export function addProcessMetrics(registry: Registry): void {
  const add = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers: [registry] }).set(value)
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  add('process_cpu_user_seconds_total', 'User CPU time', user / 1e6)
  add('process_cpu_system_seconds_total', 'System CPU time', system / 1e6)
  add('process_start_time_seconds', 'Start of the process since the Unix epoch', performance.timeOrigin / 1_000)
  add('process_resident_memory_bytes', 'Resident memory', rss)
  add('nodejs_heap_size_used_bytes', 'Used heap of the main thread', heapUsed)
  add('nodejs_heap_size_total_bytes', 'Heap of the main thread', heapTotal)
  add('nodejs_external_memory_bytes', 'Memory outside the heap', external)
  const { utilization } = performance.eventLoopUtilization()
  add('nodejs_eventloop_utilization_ratio', 'Share of time the main thread was busy, since it started', utilization)
}
