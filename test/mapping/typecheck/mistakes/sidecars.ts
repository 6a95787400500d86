import { type Mistake, op } from '../../../fixtures/mapping-mistakes.ts'

export const SIDECARS: readonly Mistake[] = [
  [
    'success over a typo',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', { success: 'data.deleteEntry.sucess' }),
    [
      'unknown_member: operations/op.json: /success: expected one of success, found data.deleteEntry.sucess (line 2, column 32; did you mean "success"?)',
    ],
  ],
  [
    'success that is no bool',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success message } }', {
      success: 'data.deleteEntry.message',
    }),
    [
      'expression_type: operations/op.json: /success: expected an expression that gives a bool, found one that gives string or null (line 2, column 15)',
    ],
  ],
  [
    'a verify variable of another type',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: { operation: 'entry', variables: { entryId: 5 }, applied: 'true' },
    }),
    [
      'variable_type: operations/op.json: /verify/variables/entryId: expected String!, found 5 (line 6, column 18; write it in quotes)',
    ],
  ],
  [
    'a variable of the mutation with a typo',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: { operation: 'entry', variables: { entryId: '${variables.entryId}' }, applied: 'true' },
    }),
    [
      'unknown_member: operations/op.json: /verify/variables/entryId: expected one of id, found variables.entryId (line 6, column 31)',
    ],
  ],
  [
    'a verify variable the query has not',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: { operation: 'entry', variables: { entryid: '${variables.id}' }, applied: 'true' },
    }),
    [
      'missing_variable: operations/op.json: /verify/variables: expected "entryId" (String!), found nothing (line 5, column 18)',
      'unknown_variable: operations/op.json: /verify/variables/entryid: expected one of entryId, found "entryid" (line 6, column 7; did you mean "entryId"?)',
    ],
  ],
  [
    'a verify query without its variables',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: { operation: 'entry', applied: 'true' },
    }),
    ['missing_variable: operations/op.json: /verify: expected "entryId" (String!), found nothing (line 3, column 13)'],
  ],
  [
    'applied over a typo',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: { operation: 'entry', variables: { entryId: '${variables.id}' }, applied: 'result.entry.slgu == "x"' },
    }),
    [
      'unknown_member: operations/op.json: /verify/applied: expected one of id, name, slug, draftSlug, content, status, hasUnpublishedChanges, publishedRevisionId, updatedAt, latestRevision, page, found result.entry.slgu (line 8, column 30; did you mean "slug"?)',
    ],
  ],
  [
    'different that is no bool',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: {
        operation: 'entry',
        variables: { entryId: '${variables.id}' },
        applied: 'true',
        different: 'result.entry.id',
      },
    }),
    [
      'expression_type: operations/op.json: /verify/different: expected an expression that gives a bool, found one that gives string (line 9, column 19)',
    ],
  ],
  [
    'adopt with a typo',
    op('mutation op($id: String!) { deleteEntry(entryId: $id) { success } }', {
      effect: 'verify',
      verify: {
        operation: 'entry',
        variables: { entryId: '${variables.id}' },
        applied: 'true',
        adopt: "{'deleteEntry': {'sucess': dyn(true)}}",
      },
    }),
    [
      'unknown_field: operations/op.json: /verify/adopt: expected one of success, found "sucess" (line 9, column 15; did you mean "success"?)',
    ],
  ],
  [
    'a variable that may be null, in a sidecar',
    op('mutation op($id: String!, $slug: String) { renameEntry(entryId: $id, slug: $slug) { success } }', {
      effect: 'verify',
      verify: {
        operation: 'entry',
        variables: { entryId: '${variables.id}' },
        applied: "result.entry.slug.startsWith(variables.slug + '-')",
      },
    }),
    [
      'warning may_be_null: operations/op.json: /verify/applied: expected a value that is never null as an operand of "+", found variables.slug, which may be null (line 8, column 46; give a value for that case with default(..., ...))',
    ],
  ],
]
