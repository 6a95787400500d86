/** Values by the names expressions use (`payload`, `headers`, …): plain JSON, lossy numbers marked (lossy-number.ts). */
export type Scope = Readonly<Record<string, unknown>>
