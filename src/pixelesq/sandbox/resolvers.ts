import { GraphQLError } from 'graphql'
import { entryPath } from './addresses.ts'
import { type Answer, type Refusal, refuse } from './answer.ts'
import * as entryRules from './entry-rules.ts'
import type { Draftable, Entry, Model, Page, Redirect } from './model.ts'
import * as pageRules from './page-rules.ts'
import * as redirectRules from './redirect-rules.ts'
import { isPublished } from './revisions.ts'

/** List sizes of the MCP's list tools. */
const PAGE_SIZE = 20
const PAGE_SIZE_MAX = 100

/** What a resolver may use of the request it works for. */
export interface ResolverContext {
  model: Model
  /** True for a Viewer: asked again here, where no shape of a request can get round it. */
  readOnly: boolean
  /** Message of a refusal on purpose (HTTP 200, `success: false`); null otherwise. */
  refusal: string | null
  recordEffect(effect: { mutation: string; resultId: string; resultSlug: string | null }): void
  recordResult(resultId: string, resultSlug: string | null): void
}

type Optional<T> = T | null | undefined
type Paging = { search?: Optional<string>; limit?: Optional<number>; offset?: Optional<number> }

export function toGraphQLError({ code, message }: Refusal): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}

function found<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw toGraphQLError(refuse('NOT_FOUND', `${what} not found.`))
  return record
}

function listResults<T>(records: Iterable<T>, paging: Paging, matches: (record: T, search: string) => boolean) {
  const limit = paging.limit ?? PAGE_SIZE
  const offset = paging.offset ?? 0
  if (limit < 1 || limit > PAGE_SIZE_MAX || offset < 0) {
    throw toGraphQLError(refuse('BAD_USER_INPUT', `limit must be 1 to ${PAGE_SIZE_MAX} and offset 0 or more.`))
  }
  const search = (paging.search ?? '').toLowerCase()
  const results: T[] = []
  let total = 0
  for (const record of records) {
    if (!matches(record, search)) continue
    if (total >= offset && results.length < limit) results.push(record)
    total += 1
  }
  return { results, pagination: { offset, limit, total } }
}

function* ofProject<T extends { projectId: string }>(
  model: Model,
  records: Map<string, T>,
  projectId: string,
): Generator<T> {
  found(model.projects.get(projectId), 'Project')
  for (const record of records.values()) if (record.projectId === projectId) yield record
}

function matchesName(record: { name: string; slug: string }, search: string): boolean {
  return search === '' || record.name.toLowerCase().includes(search) || record.slug.includes(search)
}

function toInstant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

function hasUnpublishedChanges(item: Draftable): boolean {
  return !isPublished(item)
}

/** Runs one mutation: counts its effect, turns a refusal into a GraphQL error and a success into the result object. */
function mutate<A, T extends { id: string }>(
  mutation: string,
  noun: string,
  act: (model: Model, args: A) => Answer<T>,
  slugOf: (value: T) => string | null,
) {
  return (_parent: unknown, args: A, context: ResolverContext) => {
    if (context.readOnly) throw toGraphQLError(refuse('FORBIDDEN', 'The role of this token lacks the permission.'))
    if (context.refusal !== null) return { success: false, message: context.refusal, [noun]: null, warnings: null }
    const answer = act(context.model, args)
    if (!answer.ok) throw toGraphQLError(answer)
    const { value, changed, message, warnings } = answer
    if (changed) context.recordEffect({ mutation, resultId: value.id, resultSlug: slugOf(value) })
    else context.recordResult(value.id, slugOf(value))
    return { success: true, message, [noun]: value, warnings }
  }
}

function mutateEntry<A>(name: string, act: (model: Model, args: A) => Answer<Entry>) {
  return mutate(name, 'entry', act, entry => entry.slug)
}

function mutatePage<A>(name: string, act: (model: Model, args: A) => Answer<Page>) {
  return mutate(name, 'page', act, page => page.slug)
}

function mutateRedirect<A>(name: string, act: (model: Model, args: A) => Answer<Redirect>) {
  return mutate(name, 'redirect', act, redirect => redirect.source)
}

type PagesArgs = Paging & { projectId: string; status?: Optional<string> }
type EntryArgs = { entryId: string }
type PageArgs = { pageId: string }
type Context = ResolverContext

const queries = {
  projects: (_: unknown, __: unknown, { model }: Context) => ({ results: [...model.projects.values()] }),
  pages: (_: unknown, args: PagesArgs, { model }: Context) =>
    listResults(
      ofProject(model, model.pages, args.projectId),
      args,
      (page, search) => (args.status == null || page.status === args.status) && matchesName(page, search),
    ),
  page: (_: unknown, { pageId }: PageArgs, { model }: Context) => found(model.pages.get(pageId), 'Page'),
  collections: (_: unknown, { projectId }: { projectId: string }, { model }: Context) => ({
    results: [...ofProject(model, model.collections, projectId)],
  }),
  collection: (_: unknown, { collectionId }: { collectionId: string }, { model }: Context) =>
    found(model.collections.get(collectionId), 'Collection'),
  entries: (_: unknown, args: Paging & { collectionId: string }, { model }: Context) =>
    listResults(
      found(model.collections.get(args.collectionId), 'Collection').entries.values(),
      args,
      (entry, search) =>
        model.searchIn === 'name' ? entry.name.toLowerCase().includes(search) : matchesName(entry, search),
    ),
  entry: (_: unknown, { entryId }: EntryArgs, { model }: Context) => found(model.entries.get(entryId), 'Entry'),
  redirects: (_: unknown, args: Paging & { projectId: string }, { model }: Context) =>
    listResults(ofProject(model, model.redirects, args.projectId), args, (redirect, search) =>
      redirect.source.toLowerCase().includes(search),
    ),
}

const mutations = {
  createEntry: mutateEntry('createEntry', (model, args: { collectionId: string; payload: entryRules.EntryInput }) =>
    entryRules.createEntry(model, args.collectionId, args.payload),
  ),
  updateEntry: mutateEntry('updateEntry', (model, args: EntryArgs & { lastVersion: number; content: unknown }) =>
    entryRules.updateEntry(model, args.entryId, args.lastVersion, args.content),
  ),
  renameEntry: mutateEntry('renameEntry', (model, args: EntryArgs & { name?: string; slug?: string }) =>
    entryRules.renameEntry(model, args.entryId, args.name, args.slug),
  ),
  publishEntry: mutateEntry('publishEntry', (model, args: EntryArgs & entryRules.EntryPublishGuards) =>
    entryRules.publishEntry(model, args.entryId, args),
  ),
  unpublishEntry: mutateEntry('unpublishEntry', (model, args: EntryArgs) =>
    entryRules.unpublishEntry(model, args.entryId),
  ),
  deleteEntry: mutateEntry('deleteEntry', (model, args: EntryArgs) => entryRules.deleteEntry(model, args.entryId)),
  createPage: mutatePage('createPage', (model, args: pageRules.PageInput & { projectId: string }) =>
    pageRules.createPage(model, args.projectId, args),
  ),
  savePage: mutatePage('savePage', (model, args: PageArgs & { lastVersion: number; sections: unknown }) =>
    pageRules.savePage(model, args.pageId, args.lastVersion, args.sections),
  ),
  publishPage: mutatePage('publishPage', (model, args: PageArgs & Parameters<typeof pageRules.publishPage>[2]) =>
    pageRules.publishPage(model, args.pageId, args),
  ),
  unpublishPage: mutatePage('unpublishPage', (model, args: PageArgs) => pageRules.unpublishPage(model, args.pageId)),
  updatePageMeta: mutatePage('updatePageMeta', (model, args: PageArgs & pageRules.PageMetaInput) =>
    pageRules.updatePageMeta(model, args.pageId, args),
  ),
  createRedirect: mutateRedirect('createRedirect', (model, args: redirectRules.RedirectInput & { projectId: string }) =>
    redirectRules.createRedirect(model, args.projectId, args),
  ),
  deleteRedirect: mutateRedirect('deleteRedirect', (model, args: { redirectId: string }) =>
    redirectRules.deleteRedirect(model, args.redirectId),
  ),
}

/** Resolvers of schema.graphql; fields without one are read from the records by name. */
export const resolvers = {
  Query: queries,
  Mutation: mutations,
  Page: {
    hasUnpublishedChanges,
    firstPublishedAt: (page: Page) => toInstant(page.firstPublishedAt),
    updatedAt: (page: Page) => toInstant(page.updatedAt),
  },
  Collection: { updatedAt: (collection: { updatedAt: number }) => toInstant(collection.updatedAt) },
  Entry: {
    hasUnpublishedChanges: (entry: Entry) => hasUnpublishedChanges(entry) || entry.draftSlug !== null,
    updatedAt: (entry: Entry) => toInstant(entry.updatedAt),
    page: (entry: Entry, _: unknown, { model }: Context) => {
      const collection = model.collections.get(entry.collectionId)
      if (collection === undefined || !collection.hasPages) return null
      return {
        slug: entryPath(collection, entry.slug),
        firstPublishedAt: toInstant(entry.firstPublishedAt),
        publishedRevisionId: entry.publishedRevisionId,
      }
    },
  },
}
