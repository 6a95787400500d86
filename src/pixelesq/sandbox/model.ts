export type ContentStatus = 'DRAFT' | 'PUBLISHED' | 'IN_REVIEW'

export interface Revision {
  id: string
  version: number
  headAnchor: string
}

/** What pages and entries share: a draft, what is public, and the guards between them. */
export interface Draftable {
  id: string
  status: ContentStatus
  latestRevision: Revision
  /** True once the newest revision was public: the next save forks a new revision id (remove_section of the MCP). */
  headWasPublished: boolean
  publishedRevisionId: string | null
  firstPublishedAt: number | null
  updatedAt: number
}

export interface Project {
  id: string
  name: string
}

export interface PageMeta {
  title: string | null
  description: string | null
  image: string | null
  index: boolean
  jsonLD: string | null
}

export interface Page extends Draftable {
  projectId: string
  name: string
  slug: string
  language: string
  meta: PageMeta
  sections: unknown[]
  publishedSections: unknown[] | null
}

export interface CollectionField {
  name: string
  label: string
  type: string
  required: boolean
  list: boolean
  options: string | null
  to: string | null
  helpText: string | null
  config: { time?: boolean; format?: string; timeFormat?: string } | null
}

export interface Collection {
  id: string
  projectId: string
  name: string
  slug: string
  hasPages: boolean
  /** An entry-page template starts empty and is designed in the dashboard only; until then a publish warns. */
  templateEmpty: boolean
  updatedAt: number
  fields: CollectionField[]
  fieldsByName: Map<string, CollectionField>
  entries: Map<string, Entry>
  /** Live and pending slugs; a pending one is reserved so that two moves cannot meet. */
  entryIdBySlug: Map<string, string>
  /** Where the search for a free suffix goes on, so that a thousand equal names do not cost a million look-ups. */
  nextSuffix: Map<string, number>
}

export type Content = Record<string, unknown>

export interface Entry extends Draftable {
  collectionId: string
  name: string
  slug: string
  draftSlug: string | null
  content: Content
  publishedContent: Content | null
}

export interface Redirect {
  id: string
  projectId: string
  source: string
  destination: string
  permanent: boolean
  description: string | null
  active: boolean
}

/** The sandbox's whole state. Map order is creation order, which is the order of lists. */
export interface Model {
  /** Wall clock in epoch milliseconds; an argument so that tests can fix it. */
  readonly now: () => number
  /** Which texts `search` of entries looks at. The MCP's list_entries says "by name". */
  readonly searchIn: 'name' | 'name-and-slug'
  counter: number
  projects: Map<string, Project>
  pages: Map<string, Page>
  collections: Map<string, Collection>
  entries: Map<string, Entry>
  redirects: Map<string, Redirect>
  /** `<projectId> <path>` → id of the page or entry that has the address. */
  ownerByPath: Map<string, string>
  /** `<projectId> <source>` → id of the one active redirect. */
  activeRedirectBySource: Map<string, string>
  /** Request of createPage with its key → id of the page that the first call made. */
  pageIdByIdempotencyKey: Map<string, string>
}

export function createModel(settings: { now?: () => number; searchIn?: Model['searchIn'] } = {}): Model {
  return {
    now: settings.now ?? Date.now,
    searchIn: settings.searchIn ?? 'name-and-slug',
    counter: 0,
    projects: new Map(),
    pages: new Map(),
    collections: new Map(),
    entries: new Map(),
    redirects: new Map(),
    ownerByPath: new Map(),
    activeRedirectBySource: new Map(),
    pageIdByIdempotencyKey: new Map(),
  }
}

/** Ids count up, so two runs of the same calls give the same ids. */
export function nextId(model: Model, prefix: string): string {
  model.counter += 1
  return `${prefix}_${model.counter.toString(36).padStart(6, '0')}`
}

/** Key of the address maps; a path never holds a space. */
export function addressKey(projectId: string, path: string): string {
  return `${projectId} ${path}`
}

export function addProject(model: Model, project: Project): Project {
  model.projects.set(project.id, project)
  return project
}

/** Fields as a person writes them: only `name` and `type` are needed. */
export type FieldInput = Pick<CollectionField, 'name' | 'type'> & Partial<Omit<CollectionField, 'name' | 'type'>>

export interface CollectionInput {
  id: string
  projectId: string
  name: string
  slug: string
  hasPages?: boolean
  templateEmpty?: boolean
  fields: readonly FieldInput[]
}

/** Adds a collection; the API itself cannot (its MCP tool create_collection is outside the part the bridge uses). */
export function addCollection(model: Model, input: CollectionInput): Collection {
  const fields = input.fields.map(field => ({
    name: field.name,
    label: field.label ?? field.name,
    type: field.type === 'boolean' ? 'checkbox' : field.type,
    required: field.required ?? false,
    list: field.list ?? false,
    options: field.options ?? null,
    to: field.to ?? null,
    helpText: field.helpText ?? null,
    config: field.config ?? null,
  }))
  const collection: Collection = {
    id: input.id,
    projectId: input.projectId,
    name: input.name,
    slug: input.slug,
    hasPages: input.hasPages ?? false,
    templateEmpty: input.templateEmpty ?? false,
    updatedAt: model.now(),
    fields,
    fieldsByName: new Map(fields.map(field => [field.name, field])),
    entries: new Map(),
    entryIdBySlug: new Map(),
    nextSuffix: new Map(),
  }
  model.collections.set(collection.id, collection)
  return collection
}
