import { type Mistake, own, schema } from '../../../fixtures/mapping-mistakes.ts'

export const SCHEMAS: readonly Mistake[] = [
  [
    'a schema that is not GraphQL',
    schema('type Query {\n  page(: String\n}\n'),
    ['graphql_schema: schema.graphql: /: Syntax Error: Expected Name, found ":". (line 2, column 8)'],
  ],
  [
    'a schema with an unknown type',
    schema('type Query {\n  page(pageId: String!): Pge!\n}\ntype Page { id: String! }\n'),
    ['graphql_schema: schema.graphql: /: Unknown type "Pge". (line 2, column 26; did you mean "Page"?)'],
  ],
  [
    'a schema without queries',
    schema('type Page {\n  id: String!\n}\n'),
    ['graphql_schema: schema.graphql: /: Query root type must be provided. (line 1, column 1)'],
  ],
  [
    'a schema with a type twice',
    schema('type Query { a: Int }\ntype Query { b: Int }\n'),
    ['graphql_schema: schema.graphql: /: There can be only one type named "Query". (line 1, column 6)'],
  ],
  [
    'an operation in the schema',
    schema('type Query { a: Int }\nquery page { a }\n'),
    ['graphql_schema: schema.graphql: /: operations do not belong into a schema (line 2, column 1)'],
  ],
  [
    'a schema of one’s own the shipped operations do not fit',
    schema('type Query { page(id: ID!): Page! }\ntype Page { id: ID! }\n'),
    [
      'graphql_schema: operations/page.graphql: /: expected "id" (ID!) for page, found nothing (line 2, column 3)',
      'graphql_schema: operations/page.graphql: /: expected an argument of Query.page, found "pageId" (line 2, column 8)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "name" (line 4, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "slug" (line 5, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "language" (line 6, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "status" (line 7, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "hasUnpublishedChanges" (line 8, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "publishedRevisionId" (line 9, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "firstPublishedAt" (line 10, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "updatedAt" (line 11, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "latestRevision" (line 12, column 5)',
      'graphql_schema: operations/page.graphql: /: expected a field of Page, found "meta" (line 17, column 5)',
    ],
  ],
  [
    'a root field a schema of one’s own does not know',
    own('type Query { a: Int }\n', 'query op { b }', {}),
    [
      'graphql_schema: operations/op.graphql: /: expected a field of Query, found "b" (line 1, column 12; did you mean "a"?)',
    ],
  ],
  [
    'a single value for a list',
    own('type Query { a(tags: [String!]!): Int }\n', 'query op($tags: [String!]!) { a(tags: $tags) }', { tags: 'x' }),
    [
      'warning variable_type: m.json: /steps/0/variables/tags: expected [String!] (a list), found "x" (line 9, column 17; put it into [ ])',
    ],
  ],
  [
    'a wrong element of a list',
    own('type Query { a(tags: [String!]!): Int }\n', 'query op($tags: [String!]!) { a(tags: $tags) }', {
      tags: ['x', 5],
    }),
    [
      'variable_type: m.json: /steps/0/variables/tags/1: expected String!, found 5 (line 11, column 11; write it in quotes)',
    ],
  ],
  [
    'a computed list with wrong elements',
    own('type Query { a(tags: [String!]!): Int }\n', 'query op($tags: [String!]!) { a(tags: $tags) }', {
      tags: '${payload.tags.map(t, size(t))}',
    }),
    [
      'variable_type: m.json: /steps/0/variables/tags: expected String!, found int (line 9, column 20; make it text with string(...))',
    ],
  ],
  [
    'fields of nested input objects',
    own(
      'type Query { a(in: In!): Int }\ninput In { one: One! }\ninput One { two: [Two!]! }\ninput Two { n: Int! }\n',
      'query op($in: In!) { a(in: $in) }',
      { in: { one: { two: [{ n: 1 }, { n: 'x' }, { m: 1 }] } } },
    ),
    [
      'variable_type: m.json: /steps/0/variables/in/one/two/1/n: expected Int!, found "x" (line 16, column 22)',
      'missing_field: m.json: /steps/0/variables/in/one/two/2: expected "n" (Int!), found nothing (line 18, column 15)',
      'unknown_field: m.json: /steps/0/variables/in/one/two/2/m: expected one of n, found "m" (line 19, column 17; did you mean "n"?)',
    ],
  ],
  [
    'a Float for an Int',
    own(
      'type Query { a(n: Int, id: ID): Int f: Float! }\n',
      'query op($n: Int, $id: ID) { a(n: $n, id: $id) }',
      { n: '${steps.f.f}', id: '${steps.f.f}' },
      'query f { f }',
    ),
    [
      'variable_type: m.json: /steps/1/variables/n: expected Int, found double (a number that may have a fraction) (line 13, column 17; make it a whole number with int(...))',
      'variable_type: m.json: /steps/1/variables/id: expected ID, found double (a number that may have a fraction) (line 14, column 18; make it text with string(...))',
    ],
  ],
  [
    'a field of only some of what an interface stands for',
    own(
      'type Query { a(n: String): Int any: Any! }\ninterface Any { id: ID! }\ntype P implements Any { id: ID! name: String! }\ntype Q implements Any { id: ID! size: Int! }\n',
      'query op($n: String) { a(n: $n) }',
      { n: '${steps.f.any.nme}' },
      'query f { any { id ... on P { name } ... on Q { size } } }',
    ),
    [
      'unknown_member: m.json: /steps/1/variables/n: expected one of id, name, size, found steps.f.any.nme (line 13, column 29; did you mean "name"?)',
    ],
  ],
  [
    'an alias under its field’s name',
    {
      'm.json': {
        source: 'github',
        integration: 'ci',
        steps: [
          { id: 'a', operation: 'op', variables: { id: 'p' } },
          { id: 'b', operation: 'page', variables: { pageId: '${steps.a.page.id}' } },
        ],
      },
      'operations/op.graphql': 'query op($id: String!) { mine: page(pageId: $id) { id } }',
    },
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected one of mine, found steps.a.page (line 16, column 30)',
    ],
  ],
]
