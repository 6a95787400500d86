import type { Answer } from './answer.ts'
import { createEntry, publishEntry, updateEntry } from './entry-rules.ts'
import { addCollection, addProject, createModel, type Model } from './model.ts'
import { createPage, publishPage, savePage } from './page-rules.ts'

export type SeedName = 'demo' | 'empty'

/** A model with the content of the seed. `empty` holds the project `prj_demo` and nothing else. */
export function seedModel(seed: SeedName, settings: Parameters<typeof createModel>[0] = {}): Model {
  const model = createModel(settings)
  addProject(model, { id: 'prj_demo', name: 'Demo site' })
  if (seed === 'demo') {
    seedCollections(model)
    seedEntries(model)
    seedPages(model)
  }
  return model
}

/** A seed that its own rules refuse is a bug of the seed. */
function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`seed refused: ${answer.message}`)
  return answer.value
}

function seedCollections(model: Model): void {
  addCollection(model, {
    id: 'col_products',
    projectId: 'prj_demo',
    name: 'Products',
    slug: 'products',
    fields: [
      { name: 'title', label: 'Title', type: 'text' },
      { name: 'price', label: 'Price', type: 'number' },
      { name: 'in_stock', label: 'In stock', type: 'checkbox' },
      { name: 'description', label: 'Description', type: 'html' },
      { name: 'image', label: 'Image', type: 'image' },
      { name: 'released', label: 'Released', type: 'date' },
    ],
  })
  addCollection(model, {
    id: 'col_submissions',
    projectId: 'prj_demo',
    name: 'Submissions',
    slug: 'submissions',
    fields: [
      { name: 'email', label: 'E-mail', type: 'text', required: true },
      { name: 'message', label: 'Message', type: 'text' },
      { name: 'topic', label: 'Topic', type: 'option', options: 'sales, support, other' },
      { name: 'received', label: 'Received', type: 'date', config: { time: true } },
    ],
  })
  addCollection(model, {
    id: 'col_posts',
    projectId: 'prj_demo',
    name: 'Blog',
    slug: 'blog',
    hasPages: true,
    templateEmpty: true,
    fields: [
      { name: 'title', label: 'Title', type: 'text', required: true },
      { name: 'body', label: 'Body', type: 'html' },
      { name: 'tags', label: 'Tags', type: 'text', list: true },
      { name: 'icon', label: 'Icon', type: 'icon' },
      { name: 'cover', label: 'Cover', type: 'media' },
      { name: 'products', label: 'Products', type: 'reference', to: 'col_products', list: true },
    ],
  })
}

function seedEntries(model: Model): void {
  const plans = [
    { id: 'ent_free', name: 'Free plan', slug: 'free-plan', content: { title: 'Free', price: 0, in_stock: true } },
    {
      id: 'ent_pro',
      name: 'Pro plan',
      slug: 'pro-plan',
      content: { title: 'Pro', price: 29, in_stock: true, released: '2026-01-15' },
    },
    { id: 'ent_team', name: 'Team plan', slug: 'team-plan', content: { title: 'Team', price: 99, in_stock: false } },
  ]
  for (const plan of plans) publishNewest(model, must(createEntry(model, 'col_products', plan)).id)
  const post = {
    id: 'ent_hello',
    name: 'Hello',
    slug: 'hello',
    content: { title: 'Hello', body: '<p>Hello</p>', tags: ['news'] },
  }
  publishNewest(model, must(createEntry(model, 'col_posts', post)).id)
  must(updateEntry(model, 'ent_team', 1, { price: 109 }))
}

function publishNewest(model: Model, entryId: string): void {
  must(publishEntry(model, entryId, { revisionId: model.entries.get(entryId)!.latestRevision.id }))
}

/** Both pages are public; only the status page has an unpublished draft, so that a publish of it has an effect. */
function seedPages(model: Model): void {
  const texts = { pg_status: 'All systems operational', pg_pricing: 'Plans for everyone' }
  for (const [id, text] of Object.entries(texts)) {
    const name = id === 'pg_status' ? 'Status' : 'Pricing'
    const page = must(createPage(model, 'prj_demo', { id, name, slug: `/${name.toLowerCase()}` }))
    must(savePage(model, id, page.latestRevision.version, [section(text)]))
    must(publishPage(model, id, { revisionId: page.latestRevision.id }))
  }
  must(savePage(model, 'pg_status', 2, [section('Deploy finished')]))
}

function section(text: string): Record<string, unknown> {
  return {
    logicalId: 'hero',
    name: 'Hero',
    type: 'Uislice',
    uislices: [{ id: 'hero-1', type: 'Hero', props: { ctx: { text }, cfg: {} } }],
  }
}
