import { act, type Mistake, mapping, op, page } from '../../../fixtures/mapping-mistakes.ts'

export const OPERATIONS: readonly Mistake[] = [
  [
    'a field the schema has not',
    op('query op($id: String!) { page(pageId: $id) { id naem } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected a field of Page, found "naem" (line 1, column 49; did you mean "name"?)',
    ],
  ],
  [
    'a root field with a typo',
    op('query op($id: String!) { pag(pageId: $id) { id } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected a field of Query, found "pag" (line 1, column 26; did you mean "page"?)',
    ],
  ],
  [
    'a root field the shipped schema does not know',
    op('mutation op($id: String!) { deleteAsset(assetId: $id) { success } }'),
    [
      'warning graphql_schema: operations/op.graphql: /: expected a field of Mutation, found "deleteAsset" (line 1, column 29; write your endpoint’s schema with "pixelesq-bridge schema pull")',
    ],
  ],
  [
    'an argument the field has not',
    op('query op($id: String!) { page(pageid: $id) { id } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected "pageId" (String!) for page, found nothing (line 1, column 26)',
      'graphql_schema: operations/op.graphql: /: expected an argument of Query.page, found "pageid" (line 1, column 31; did you mean "pageId"?)',
    ],
  ],
  [
    'a missing argument',
    op('query op { page { id } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected "pageId" (String!) for page, found nothing (line 1, column 12)',
    ],
  ],
  [
    'a variable of another type',
    op('query op($id: Int!) { page(pageId: $id) { id } }'),
    ['graphql_schema: operations/op.graphql: /: expected String! for $id, found Int! (line 1, column 10)'],
  ],
  [
    'a variable that may be null',
    op('query op($id: String) { page(pageId: $id) { id } }'),
    ['graphql_schema: operations/op.graphql: /: expected String! for $id, found String (line 1, column 10)'],
  ],
  [
    'a type the schema has not',
    op('query op($id: Strng!) { page(pageId: $id) { id } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected a type of the schema, found "Strng" (line 1, column 15; did you mean "String"?)',
    ],
  ],
  [
    'a variable nobody uses',
    op('query op($id: String!, $x: Int) { page(pageId: $id) { id } }'),
    ['graphql_schema: operations/op.graphql: /: expected a use of $x, found none (line 1, column 24)'],
  ],
  [
    'a variable nobody declared',
    op('query op { page(pageId: $id) { id } }'),
    [
      "graphql_schema: operations/op.graphql: /: expected $id among the operation's variables, found none (line 1, column 25)",
    ],
  ],
  [
    'an object without a selection',
    op('query op($id: String!) { page(pageId: $id) }'),
    [
      'graphql_schema: operations/op.graphql: /: expected { … } after page, with fields of Page!, found none (line 1, column 26)',
    ],
  ],
  [
    'a selection on a text',
    op('query op($id: String!) { page(pageId: $id) { id { x } } }'),
    [
      'graphql_schema: operations/op.graphql: /: expected id without { … }, since it is String!, found a selection (line 1, column 49)',
    ],
  ],
  [
    'a field on line two',
    op('query op($id: String!) {\n  page(pageId: $id) {\n    latestRevision { versoin }\n  }\n}'),
    [
      'graphql_schema: operations/op.graphql: /: expected a field of Revision, found "versoin" (line 3, column 22; did you mean "version"?)',
    ],
  ],
  [
    'a fragment on another type',
    op('query op($id: String!) { page(pageId: $id) { ...f } } fragment f on Entry { id }'),
    [
      'graphql_schema: operations/op.graphql: /: Fragment "f" cannot be spread here as objects of type "Page" can never be of type "Entry". (line 1, column 46)',
    ],
  ],
  [
    'a shadowing operation without what an action reads',
    {
      ...act('publishPage', { pageId: 'p' }),
      'operations/page.graphql':
        'query page($pageId: String!) { page(pageId: $pageId) { id hasUnpublishedChanges status } }',
    },
    [
      'unknown_member: actions/publishPage.json: /steps/1/variables/revisionId: expected one of id, hasUnpublishedChanges, status, found steps.page.page.latestRevision (line 27, column 42; select latestRevision in a page.graphql of your own)',
      'unknown_member: actions/publishPage.json: /steps/1/variables/expectedRevisionId: expected one of id, hasUnpublishedChanges, status, found steps.page.page.latestRevision (line 28, column 50; select latestRevision in a page.graphql of your own)',
      'unknown_member: actions/publishPage.json: /steps/1/variables/expectedHeadAnchor: expected one of id, hasUnpublishedChanges, status, found steps.page.page.latestRevision (line 29, column 50; select latestRevision in a page.graphql of your own)',
    ],
  ],
  [
    'a shadowing operation that does not fit',
    { ...mapping([page]), 'operations/page.graphql': 'query page($pageId: String!) { page(id: $pageId) { id } }' },
    [
      'graphql_schema: operations/page.graphql: /: expected "pageId" (String!) for page, found nothing (line 1, column 32)',
      'graphql_schema: operations/page.graphql: /: expected an argument of Query.page, found "id" (line 1, column 37)',
    ],
  ],
]
