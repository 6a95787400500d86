import t from 'tap'
import {
  act,
  created,
  type Files,
  limit,
  linesOf,
  list,
  mapping,
  op,
  own,
  page,
  payload,
  publish,
  readPage,
  when,
} from '../../fixtures/mapping-mistakes.ts'

/** What is right, or what only the event tells: none of it may be reported. */
const ACCEPTED: readonly (readonly [string, Files])[] = [
  ['JSON for what an action writes as text', act('updatePageMeta', { pageId: 'p', jsonLD: { '@type': 'WebPage' } })],
  ['text for what may be JSON', act('updatePageMeta', { pageId: 'p', jsonLD: '{}' })],
  ['anything of the payload', readPage('${payload.a.b[0].c}')],
  ['anything of the payload for an Int', limit('${payload.n}')],
  ['arithmetic of the payload for an Int', limit('${payload.n + 1}')],
  ['a product of the payload for an Int', limit('${payload.n * 2}')],
  ['a division made whole', limit('${int(payload.n / 2)}')],
  ['a division of ints of CEL', limit('${size(payload.items) / 2}')],
  ['a remainder', limit('${size(payload.items) % 7}')],
  ['a size for an Int', limit('${size(payload.items)}')],
  ['a whole number with a point', limit(10.0)],
  ['a version for an Int', limit('${steps.page.page.latestRevision.version}', page)],
  ['a version and one for an Int', limit('${steps.page.page.latestRevision.version + 1}', page)],
  ['null for an Int that may be null', limit(null)],
  ['a variable left out', mapping([{ id: 'a', operation: 'entries', variables: { collectionId: 'c' } }])],
  ['an int for a Float', own('type Query { a(f: Float): Int }\n', 'query op($f: Float) { a(f: $f) }', { f: 3 })],
  [
    'a division for a Float',
    own('type Query { a(f: Float): Int }\n', 'query op($f: Float) { a(f: $f) }', { f: '${payload.a / 3}' }),
  ],
  [
    'a text and an int for an ID',
    own('type Query { a(x: ID, y: ID): Int }\n', 'query op($x: ID, $y: ID) { a(x: $x, y: $y) }', { x: 'a', y: 5 }),
  ],
  [
    'anything for a scalar of the API’s own',
    own('scalar Date type Query { a(x: Date): Int }\n', 'query op($x: Date) { a(x: $x) }', { x: 5 }),
  ],
  [
    'a list of texts',
    own('type Query { a(x: [String!]!): Int }\n', 'query op($x: [String!]!) { a(x: $x) }', {
      x: ['a', '${payload.b}'],
    }),
  ],
  ['an empty list', own('type Query { a(x: [String!]!): Int }\n', 'query op($x: [String!]!) { a(x: $x) }', { x: [] })],
  [
    'a list computed from the payload',
    own('type Query { a(x: [String!]!): Int }\n', 'query op($x: [String!]!) { a(x: $x) }', {
      x: '${payload.tags.map(t, t.name)}',
    }),
  ],
  [
    'a list split',
    own('type Query { a(x: [String!]!): Int }\n', 'query op($x: [String!]!) { a(x: $x) }', {
      x: "${payload.tags.split(',')}",
    }),
  ],
  ['a text around a number', readPage('pg_${size(payload.items)}')],
  ['a number made text', readPage('${string(size(payload.items))}')],
  ['a header', readPage("${headers['x-page']}")],
  ['a header with a fallback', readPage("${default(headers['x-page'], 'pg_1')}")],
  ['a query parameter', readPage('${query.page}')],
  ['members of event', readPage('${event.id}${event.source}${event.type}${event.key}')],
  ['a value of an enum', mapping([{ id: 'a', operation: 'pages', variables: { projectId: 'p', status: 'DRAFT' } }])],
  [
    'a text for an enum',
    mapping([{ id: 'a', operation: 'pages', variables: { projectId: 'p', status: '${payload.s}' } }]),
  ],
  [
    'one of two values of an enum',
    mapping([
      { id: 'a', operation: 'pages', variables: { projectId: 'p', status: "${payload.live ? 'PUBLISHED' : 'DRAFT'}" } },
    ]),
  ],
  [
    'an enum of an answer for the same enum',
    mapping([
      page,
      { id: 'a', operation: 'pages', variables: { projectId: 'p', status: '${steps.page.page.status}' } },
    ]),
  ],
  ['an enum of an answer for a String', readPage('${steps.page.page.status}', {}, page)],
  ['an enum compared with a value', when("steps.page.page.status == 'DRAFT'", page)],
  ['an enum among values', when("steps.page.page.status in ['DRAFT', 'IN_REVIEW']", page)],
  ['an enum compared with the payload', when('steps.page.page.status == payload.status', page)],
  ['a nested input object', payload({ name: '${payload.n}', slug: null, content: { a: { b: [1, 'x', null] } } })],
  ['an input object from the payload', payload('${payload.entry}')],
  ['an input object as a map literal', payload("${{'name': payload.n, 'content': {'a': 1}}}")],
  [
    'a date in content',
    payload({ name: 'x', content: { a: '${date(payload.at)}', b: '2026-01-31', c: '2026-01-31T10:00:00+01:00' } }),
  ],
  [
    'a date with an offset in content',
    payload({
      name: 'x',
      content: { a: '${dateTimeOffset(payload.at)}', b: '${formatDate(payload.at, "yyyy-MM-dd\'T\'HH:mmxxx")}' },
    }),
  ],
  [
    'a pattern with XXX in a zone of its own',
    payload({ name: 'x', content: { a: "${formatDate(payload.at, \"yyyy-MM-dd'T'HH:mmXXX\", 'Europe/Oslo')}" } }),
  ],
  ['a word that ends with Z', payload({ name: 'x', content: { a: 'Jazz from A to Z', b: '${payload.name} Z' } })],
  ['an instant with Z outside content', readPage('2026-01-31T10:00:00Z')],
  ['members of results', publish('${steps.page.page.latestRevision.id}', page)],
  ['a member in brackets', publish("${steps.page.page['latestRevision']['id']}", page)],
  ['an element of a list', readPage('${steps.list.entries.results[0].latestRevision.id}', {}, list)],
  [
    'elements that pass a test',
    readPage('${steps.list.entries.results.filter(e, e.slug == payload.slug)[0].id}', {}, list),
  ],
  ['a member through map', readPage('${steps.list.entries.results.map(e, e.slug)[0]}', {}, list)],
  [
    'a member through map with a test',
    readPage("${steps.list.entries.results.map(e, e.slug != '', e.name)[0]}", {}, list),
  ],
  [
    'all, exists and exists_one',
    when(
      "steps.list.entries.results.all(e, e.slug != 'x') && steps.list.entries.results.exists_one(e, e.name == 'x')",
      list,
    ),
  ],
  ['cel.bind', readPage('${cel.bind(p, steps.page.page.latestRevision, p.id)}', {}, page)],
  [
    'an alias',
    {
      ...mapping([
        { id: 'a', operation: 'op', variables: { id: 'p' } },
        { id: 'b', operation: 'page', variables: { pageId: '${steps.a.mine.id}' } },
      ]),
      'operations/op.graphql': 'query op($id: String!) { mine: page(pageId: $id) { id } }',
    },
  ],
  [
    'a fragment',
    {
      ...mapping([
        { id: 'a', operation: 'op', variables: { id: 'p' } },
        {
          id: 'b',
          operation: 'page',
          variables: { pageId: '${steps.a.page.latestRevision.id}${steps.a.page.__typename}' },
        },
      ]),
      'operations/op.graphql':
        'query op($id: String!) { page(pageId: $id) { ...f __typename } } fragment f on Page { latestRevision { id } }',
    },
  ],
  [
    'any member of JSON',
    mapping([
      { id: 'e', operation: 'entry', variables: { entryId: 'x' } },
      { id: 'b', operation: 'page', variables: { pageId: '${steps.e.entry.content.a.b}' } },
    ]),
  ],
  [
    'a value that may be null, where null may be',
    mapping([
      page,
      {
        id: 'a',
        operation: 'entries',
        variables: { collectionId: 'c', search: '${steps.page.page.publishedRevisionId}' },
      },
    ]),
  ],
  [
    'a value that may be null, with a fallback',
    publish("${default(steps.page.page.publishedRevisionId, 'none')}", page),
  ],
  [
    'a value that may be null, asked for',
    publish("${steps.page.page.publishedRevisionId != null ? steps.page.page.publishedRevisionId : 'none'}", page),
  ],
  ['a value that may be null, in a text', readPage('x ${steps.page.page.publishedRevisionId}', {}, page)],
  [
    'a value that may be null, asked for in "if"',
    mapping([
      page,
      {
        id: 'a',
        if: 'steps.page.page.publishedRevisionId != null',
        operation: 'page',
        variables: { pageId: '${steps.page.page.publishedRevisionId}' },
      },
    ]),
  ],
  [
    'a value that may be null, after a hold',
    mapping([
      page,
      { id: 'h', if: 'steps.page.page.publishedRevisionId == null', hold: 'not public' },
      { id: 'a', operation: 'page', variables: { pageId: '${steps.page.page.publishedRevisionId}' } },
    ]),
  ],
  ['a member of what may be null', readPage('${steps.created.createEntry.entry.slug}', {}, created)],
  [
    'a skipped step, asked for in "if"',
    mapping([
      { ...page, if: 'payload.a' },
      { id: 'a', if: 'has(steps.page)', operation: 'page', variables: { pageId: '${steps.page.page.id}' } },
    ]),
  ],
  [
    'a skipped step, asked for among others',
    mapping([
      { ...page, if: 'payload.a' },
      {
        id: 'a',
        if: 'payload.b && has(steps.page) && steps.page.page.id != "x"',
        operation: 'page',
        variables: { pageId: '${steps.page.page.id}' },
      },
    ]),
  ],
  [
    'a skipped step, asked for by the same condition',
    mapping([
      { ...page, if: 'payload.a == 1' },
      { id: 'a', if: 'payload.a == 1 && payload.b', operation: 'page', variables: { pageId: '${steps.page.page.id}' } },
    ]),
  ],
  [
    'a skipped step, with a fallback',
    readPage("${default(steps.page.page.id, 'none')}", {}, { ...page, if: 'payload.a' }),
  ],
  [
    'a skipped step, in a ternary',
    readPage("${has(steps.page) ? steps.page.page.id : 'none'}", {}, { ...page, if: 'payload.a' }),
  ],
  [
    'the step that ran when another was skipped',
    mapping([
      { ...page, if: 'payload.a' },
      { id: 'b', if: '!has(steps.page)', operation: 'page', variables: { pageId: 'x' } },
      {
        id: 'c',
        operation: 'page',
        variables: { pageId: '${has(steps.page) ? steps.page.page.id : steps.b.page.id}' },
      },
    ]),
  ],
  [
    'a skipped step, after a hold without it',
    mapping([
      { ...page, if: 'payload.a' },
      { id: 'h', if: '!has(steps.page)', hold: 'none' },
      { id: 'c', operation: 'page', variables: { pageId: '${steps.page.page.id}' } },
    ]),
  ],
  ['default of what an operation of one’s own may lack', when("default(steps.page.page.owner, '') == ''", page)],
  ['has of what an operation of one’s own may lack', when('has(steps.page.page.owner)', page)],
  ['a lookup', readPage("${lookup({'a': 'x', 'b': 'y'}, payload.k, 'z')}")],
  ['dyn', readPage("${payload.a ? dyn(payload.b) : 'x'}")],
  ['JSON read from a text', readPage('${parseJson(payload.text).a.b}')],
  ['JSON of an object', readPage('${json(steps.page.page.latestRevision)}', {}, page)],
  [
    'timestamps and durations',
    when(
      "timestamp(payload.at) + duration('1h') > timestamp(payload.now) && timestamp(payload.at).getFullYear() > 2020",
    ),
  ],
  [
    'vars that use each other',
    readPage('${vars.c}', { vars: { a: '${payload.a}', b: { id: 'x${vars.a}' }, c: '${vars.b.id}' } }),
  ],
  ['an item of the payload', readPage('${item.id}', { forEach: 'payload.items' })],
  ['an item of a list of texts', readPage('${item}', { forEach: "payload.tags.split(',')" })],
  ['an item of a filtered list', readPage('${item.id}', { forEach: 'payload.items.filter(i, i.public)' })],
  [
    'a member that is null by what was asked',
    readPage("${steps.page.page.publishedRevisionId == null ? 'x' : 'y'}", {}, page),
  ],
  ['an action with its parameters', act('publishPage', { pageId: '${payload.page}', projectId: 'x' })],
  [
    'an action with content of any shape',
    act('updateEntry', { entryId: 'ent_1', content: { a: 1, b: [true], c: null } }),
  ],
  ['an action with a name of its own', act('createEntry', { collectionId: 'c', name: 'x', slug: 'y', content: {} })],
  [
    'an action with a parameter that may be null by a var',
    act(
      'createEntry',
      { collectionId: 'c', name: '${vars.name}' },
      { vars: { name: "${default(payload.name, 'x')}" } },
    ),
  ],
  [
    'an operation with its sidecar',
    op('mutation op($e: String!, $s: String) { renameEntry(entryId: $e, slug: $s) { success entry { slug } } }', {
      success: 'data.renameEntry.success',
      effect: 'verify',
      verify: {
        operation: 'entry',
        variables: { entryId: '${variables.e}' },
        applied:
          "has(variables.s) && variables.s != null ? result.entry.slug == variables.s : result.entry.slug.startsWith('x')",
        adopt: "{'renameEntry': {'success': dyn(true), 'entry': result.entry}}",
      },
    }),
  ],
  [
    'a step of an operation that is not in the schema',
    {
      ...mapping([{ id: 'a', operation: 'page', variables: { pageId: 'p' } }]),
      'operations/page.graphql': 'query page($pageId: String!) { page(pageId: $pageId) { id } }',
    },
  ],
  [
    'a schema of one’s own',
    own(
      'type Query { a(x: Int): A! }\ntype A { b: B }\ntype B { c: Int! }\n',
      'query op($x: Int) { a(x: $x) { b { c } } }',
      { x: '${steps.f.f.b.c}' },
      'query f { f: a { b { c } } }',
    ),
  ],
  [
    'shipped operations that a schema of one’s own has not, and nobody uses',
    own('type Query { a: Int }\n', 'query op { a }', {}),
  ],
]

t.test('what is right, or only the event tells, is not reported', async t => {
  for (const [name, files] of ACCEPTED) t.strictSame(await linesOf(t, files), [], name)
  t.equal(new Set(ACCEPTED.map(([name]) => name)).size, ACCEPTED.length, 'each is there once')
})
