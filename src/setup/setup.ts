import type { Config } from '../config/load-config.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import type { Operation } from '../mapping/operation.ts'
import type { Problem } from '../mapping/problem.ts'
import type { Source } from '../source/source.ts'

/** Everything people write, checked and in force together: configuration, sources, mappings. Replaced as a whole. */
export interface Setup {
  generation: number
  config: Config
  sources: ReadonlyMap<string, Source>
  mappings: ReadonlyMap<string, CheckedMapping>
  operations: ReadonlyMap<string, Operation>
  warnings: readonly Problem[]
}

/** The setup in force, and what stands in the way of a newer one. */
export interface Live {
  setup: Setup
  /** Problems of the last reload that did not come into force; empty when files and setup agree. */
  problems: readonly Problem[]
}
