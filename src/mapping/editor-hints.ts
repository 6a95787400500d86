/** What editors offer beside names: examples and defaults of keys, and snippets (VS Code's `defaultSnippets`). */

export const EXAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  $schema: { default: './schema.json' },
  source: { examples: ['github', 'stripe', 'pixelesq', 'zapier'] },
  on: { examples: [['workflow_run.completed'], ['product.*'], ['entry.published']] },
  when: {
    examples: ["payload.workflow_run.conclusion == 'success'", 'payload.amount > 100 && has(payload.customer)'],
  },
  order: { examples: ['${payload.repository.full_name}', '${payload.data.object.id}'] },
  runAt: { examples: ['10m', '${payload.publish_at}'] },
  expiresAfter: { examples: ['1h', '7d'] },
  forEach: { examples: ['payload.items', "payload.items.filter(i, i.kind == 'product')"] },
  onEcho: { default: 'skip' },
  vars: { examples: [{ slug: '${slugify(payload.name)}' }] },
  if: { examples: ['has(steps.entry)', 'size(steps.found.entries.results) > 0'] },
  hold: { examples: ['two entries have the slug ${vars.slug}'] },
}

interface Snippet {
  label: string
  description: string
  /** Snippet text as it is inserted: only so can a dollar of the JSON be told from one of the snippet. */
  bodyText: string
}

/** `${1:x}` is a place to fill in, `\\$` a dollar that stays (VS Code's snippet syntax). */
function snippet({ label, description, body }: { label: string; description: string; body: object }): Snippet {
  const text = JSON.stringify(body, null, '\t').replaceAll('\\\\', '\\')
  return { label, description, bodyText: text.replace('"$schema"', '"\\$schema"') }
}

export const SNIPPETS: Readonly<Record<'mapping' | 'step' | 'test', readonly Snippet[]>> = {
  mapping: [
    snippet({
      label: 'New mapping: an action',
      description: 'What a webhook does, by a shipped action',
      body: {
        $schema: './schema.json',
        description: '${1:Publish the status page when CI on main succeeds}',
        source: '${2:github}',
        on: ['${3:workflow_run.completed}'],
        when: "${4:payload.workflow_run.conclusion == 'success'}",
        integration: '${5:ci}',
        action: '${6:publishPage}',
        with: { '${7:pageId}': '${8:pg_…}' },
      },
    }),
    snippet({
      label: 'New mapping: steps of its own',
      description: 'What a webhook does, step by step',
      body: {
        $schema: './schema.json',
        description: '${1:Keep products as entries}',
        source: '${2:stripe}',
        on: ['${3:product.updated}'],
        integration: '${4:catalog}',
        order: '\\${${5:payload.data.object.id}\\}',
        steps: [{ id: '${6:found}', operation: '${7:entries}', variables: { collectionId: '${8:col_…}' } }],
      },
    }),
  ],
  step: [
    snippet({
      label: 'An operation',
      description: 'Sends one GraphQL operation',
      body: { id: '${1:found}', operation: '${2:entries}', variables: {} },
    }),
    snippet({
      label: 'A hold',
      description: 'Ends the job as held for a person',
      body: { id: '${1:stop}', if: '${2:size(steps.found.entries.results) > 1}', hold: '${3:more than one was found}' },
    }),
  ],
  test: [
    snippet({
      label: 'A test',
      description: 'An event, and what must come of it',
      body: {
        name: '${1:a success on main publishes the page}',
        event: { type: '${2:workflow_run.completed}', payload: {} },
        expect: { matched: true, operations: [{ operation: '${3:publishPage}' }] },
      },
    }),
  ],
}
