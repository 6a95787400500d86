/** Longest time something is counted for, each in slots of its own width: [width in ms, how many]. */
const SPANS = {
  /** 5 s wide: the last minute is right to within 5 s. */
  minute: [5_000, 12],
  hour: [60_000, 60],
  day: [900_000, 96],
} as const

/** How often something happened lately, in memory: a restart forgets it. */
export interface Rates {
  add(at: number): void
  read(at: number): { minute: number; hour: number; day: number }
}

interface Ring {
  widthMs: number
  counts: Uint32Array
  /** Which slot of time each count is of. */
  slots: Float64Array
}

/** Makes counts at zero. Two kilobytes, whatever is counted. */
export function createRates(): Rates {
  const rings = { minute: createRing('minute'), hour: createRing('hour'), day: createRing('day') }
  return {
    add(at) {
      addTo(rings.minute, at)
      addTo(rings.hour, at)
      addTo(rings.day, at)
    },
    read: at => ({ minute: sum(rings.minute, at), hour: sum(rings.hour, at), day: sum(rings.day, at) }),
  }
}

function createRing(span: keyof typeof SPANS): Ring {
  const [widthMs, slots] = SPANS[span]
  return { widthMs, counts: new Uint32Array(slots), slots: new Float64Array(slots).fill(-1) }
}

function addTo({ widthMs, counts, slots }: Ring, at: number): void {
  const slot = Math.floor(at / widthMs)
  const place = slot % counts.length
  if (slots[place] !== slot) {
    slots[place] = slot
    counts[place] = 0
  }
  counts[place]!++
}

function sum({ widthMs, counts, slots }: Ring, at: number): number {
  const now = Math.floor(at / widthMs)
  let total = 0
  for (let i = 0; i < counts.length; i++) if (slots[i]! > now - counts.length && slots[i]! <= now) total += counts[i]!
  return total
}
