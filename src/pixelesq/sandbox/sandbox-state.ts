import type { FaultQueue } from './faults.ts'
import type { Ledger } from './ledger.ts'
import type { Collection, Entry, Model, Page, Project, Redirect } from './model.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { SeedName } from './seed.ts'
import type { TokenBook } from './token-book.ts'

/** What the GraphQL route and the control routes share. `model` is replaced by a reset. */
export interface SandboxState {
  model: Model
  readonly ledger: Ledger
  readonly faults: FaultQueue
  readonly tokens: TokenBook
  readonly limiter: RateLimiter
  readonly errorsAs: 'http' | 'graphql'
  /** Aborted by close(), so that no delay outlives the server. */
  readonly closing: AbortSignal
  /** Back to the start: content, ledger, faults, tokens and limits. */
  reset(seed?: SeedName): void
}

export interface StateReport {
  projects: Project[]
  pages: Page[]
  collections: Array<Pick<Collection, 'id' | 'projectId' | 'name' | 'slug' | 'hasPages' | 'fields'>>
  entries: Entry[]
  redirects: Redirect[]
}

/** The model as plain JSON, drafts beside what is public. */
export function reportState(model: Model): StateReport {
  return {
    projects: [...model.projects.values()],
    pages: [...model.pages.values()],
    collections: [...model.collections.values()].map(({ id, projectId, name, slug, hasPages, fields }) => ({
      id,
      projectId,
      name,
      slug,
      hasPages,
      fields,
    })),
    entries: [...model.entries.values()],
    redirects: [...model.redirects.values()],
  }
}
