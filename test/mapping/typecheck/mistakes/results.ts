import {
  created,
  list,
  type Mistake,
  mapping,
  page,
  publish,
  readPage,
  when,
} from '../../../fixtures/mapping-mistakes.ts'

export const RESULTS: readonly Mistake[] = [
  [
    'a mistyped member',
    publish('${steps.page.page.latestRevison.id}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.latestRevison (line 17, column 42; did you mean "latestRevision"?)',
    ],
  ],
  [
    'a mistyped root field',
    publish('${steps.page.pge.id}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of page, found steps.page.pge (line 17, column 37; did you mean "page"?)',
    ],
  ],
  [
    'a mistyped last member',
    publish('${steps.page.page.latestRevision.ID}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, version, headAnchor, found steps.page.page.latestRevision.ID (line 17, column 57; did you mean "id"?)',
    ],
  ],
  [
    'a member the operation does not select',
    publish('${steps.page.page.sections}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.sections (line 17, column 42; select sections in a page.graphql of your own)',
    ],
  ],
  [
    'a member nothing has',
    publish('${steps.page.page.revision}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.revision (line 17, column 42)',
    ],
  ],
  [
    'a mistyped member in a text',
    publish('rev ${steps.page.page.nme}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.nme (line 17, column 46; did you mean "name"?)',
    ],
  ],
  [
    'a mistyped member in brackets',
    publish("${steps.page.page['nmae']}", page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page[\'nmae\'] (line 17, column 42; did you mean "name"?)',
    ],
  ],
  [
    'a member of a text',
    publish('${steps.page.page.name.first}', page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected an object, found string (steps.page.page.name) (line 17, column 47)',
    ],
  ],
  [
    'a member of a list',
    readPage('${steps.list.entries.results.id}', {}, list),
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected an object, found a list of Entry (steps.list.entries.results) (line 16, column 49; take one element first, for example steps.list.entries.results[0].id)',
    ],
  ],
  [
    'a list read by a text',
    readPage("${steps.list.entries.results['first'].id}", {}, list),
    ['unknown_member: m.json: /steps/1/variables/pageId: expected a number, found "first" (line 16, column 49)'],
  ],
  [
    'a mistyped member of an element',
    readPage('${steps.list.entries.results[0].idd}', {}, list),
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected one of id, name, slug, draftSlug, status, hasUnpublishedChanges, publishedRevisionId, latestRevision, found steps.list.entries.results[0].idd (line 16, column 52; did you mean "id"?)',
    ],
  ],
  [
    'a mistyped member within exists',
    when("steps.list.entries.results.exists(e, e.slgu == 'x')", list),
    [
      'unknown_member: m.json: /steps/1/if: expected one of id, name, slug, draftSlug, status, hasUnpublishedChanges, publishedRevisionId, latestRevision, found e.slgu (line 14, column 53; did you mean "slug"?)',
    ],
  ],
  [
    'a mistyped member within filter',
    readPage("${steps.list.entries.results.filter(e, e.slug == 'x')[0].idd}", {}, list),
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected one of id, name, slug, draftSlug, status, hasUnpublishedChanges, publishedRevisionId, latestRevision, found steps.list.entries.results.filter(e, e.slug == \'x\')[0].idd (line 16, column 77; did you mean "id"?)',
    ],
  ],
  [
    'a mistyped member within map',
    readPage('${steps.list.entries.results.map(e, e.nam)[0]}', {}, list),
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected one of id, name, slug, draftSlug, status, hasUnpublishedChanges, publishedRevisionId, latestRevision, found e.nam (line 16, column 58; did you mean "name"?)',
    ],
  ],
  [
    'a mistyped member within cel.bind',
    readPage('${cel.bind(p, steps.page.page, p.idd)}', {}, page),
    [
      'unknown_member: m.json: /steps/1/variables/pageId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found p.idd (line 16, column 53; did you mean "id"?)',
    ],
  ],
  [
    'a mistyped member in default',
    readPage("${default(steps.page.page.latestRevison.id, 'none')}", {}, page),
    [
      'warning unknown_member: m.json: /steps/1/variables/pageId: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.latestRevison (line 16, column 46; did you mean "latestRevision"?)',
    ],
  ],
  [
    'a mistyped member in has',
    when('has(steps.page.page.latestRevison)', page),
    [
      'warning unknown_member: m.json: /steps/1/if: expected one of id, name, slug, language, status, hasUnpublishedChanges, publishedRevisionId, firstPublishedAt, updatedAt, latestRevision, meta, found steps.page.page.latestRevison (line 14, column 34; did you mean "latestRevision"?)',
    ],
  ],
  [
    'a mistyped member of joined lists',
    when("(steps.list.entries.results + default(steps.more.entries.results, [])).exists(e, e.slgu == 'x')", list, {
      ...list,
      id: 'more',
      if: 'payload.more',
    }),
    [
      'unknown_member: m.json: /steps/2/if: expected one of id, name, slug, draftSlug, status, hasUnpublishedChanges, publishedRevisionId, latestRevision, found e.slgu (line 22, column 97; did you mean "slug"?)',
    ],
  ],
  [
    'a mistyped member through a var',
    {
      'm.json': {
        source: 'github',
        integration: 'ci',
        vars: { page: { id: 'x' } },
        steps: [{ id: 'a', operation: 'page', variables: { pageId: '${vars.page.idd}' } }],
      },
    },
    [
      'unknown_member: m.json: /steps/0/variables/pageId: expected one of id, found vars.page.idd (line 14, column 32; did you mean "id"?)',
    ],
  ],
  [
    'a mistyped member of a constant',
    readPage('${constants.deep.idd}'),
    [
      'unknown_member: m.json: /steps/0/variables/pageId: expected one of id, found constants.deep.idd (line 9, column 37; did you mean "id"?)',
    ],
  ],
  [
    'a mistyped member of an item',
    readPage('${item.idd}', { forEach: "[{'id': 'a'}]" }),
    [
      'unknown_member: m.json: /steps/0/variables/pageId: expected one of id, found item.idd (line 10, column 27; did you mean "id"?)',
    ],
  ],
  [
    'an Int for a String',
    publish('${steps.page.page.latestRevision.version}', page),
    [
      'variable_type: m.json: /steps/1/variables/revisionId: expected String!, found int (line 17, column 26; make it text with string(...))',
    ],
  ],
  [
    'an object for a String',
    publish('${steps.page.page.latestRevision}', page),
    [
      'variable_type: m.json: /steps/1/variables/revisionId: expected String!, found Revision (an object) (line 17, column 26)',
    ],
  ],
  [
    'an object in a text',
    publish('rev ${steps.page.page.latestRevision}', page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected a text, a number or a bool, found Revision (an object) (line 17, column 30; name one of its members, or use json(...))',
    ],
  ],
  [
    'a list in a text',
    readPage('ids ${steps.list.entries.results}', {}, list),
    [
      'expression_type: m.json: /steps/1/variables/pageId: expected a text, a number or a bool, found a list of Entry (line 16, column 26; make it text with join(..., ", "))',
    ],
  ],
  [
    'a value that may be null',
    publish('${steps.page.page.publishedRevisionId}', page),
    [
      'warning may_be_null: m.json: /steps/1/variables/revisionId: expected String!, found string or null (line 17, column 26; give a value for that case with default(..., ...))',
    ],
  ],
  [
    'a value that may be null as an operand',
    publish("${steps.page.page.publishedRevisionId + '-x'}", page),
    [
      'warning may_be_null: m.json: /steps/1/variables/revisionId: expected a value that is never null as an operand of "+", found steps.page.page.publishedRevisionId, which may be null (line 17, column 26; give a value for that case with default(..., ...))',
    ],
  ],
  [
    'a value that may be null as an argument',
    publish('${slugify(steps.page.page.meta.title)}', page),
    [
      'warning may_be_null: m.json: /steps/1/variables/revisionId: expected a value that is never null as an argument of slugify, found steps.page.page.meta.title, which may be null (line 17, column 34; give a value for that case with default(..., ...))',
    ],
  ],
  [
    'a value that may be null as a condition',
    mapping([
      { ...created },
      {
        id: 'a',
        if: 'steps.created.createEntry.warnings.exists(w, w == "x")',
        operation: 'page',
        variables: { pageId: 'p' },
      },
    ]),
    [
      'warning may_be_null: m.json: /steps/1/if: expected a value that is never null as what exists goes through, found steps.created.createEntry.warnings, which may be null (line 17, column 14; give a value for that case with default(..., ...))',
    ],
  ],
  [
    'a value that is null where it is used',
    publish("${steps.page.page.publishedRevisionId == null ? steps.page.page.publishedRevisionId : 'x'}", page),
    [
      'warning may_be_null: m.json: /steps/1/variables/revisionId: expected String!, found null or "x" (line 17, column 26; give a value for that case with default(..., ...))',
    ],
  ],
  [
    'the result of a step that may be skipped',
    readPage('${steps.page.page.id}', {}, { ...page, if: 'payload.a' }),
    [
      'warning may_be_skipped: m.json: /steps/1/variables/pageId: expected a step that ran: has(steps.page) in "if", or default(steps.page…, …), found steps.page without either (line 17, column 28)',
    ],
  ],
  [
    'the result of a step that is skipped whenever it is needed',
    mapping([
      { ...page, if: 'payload.a' },
      { id: 'a', if: '!payload.a', operation: 'page', variables: { pageId: '${steps.page.page.id}' } },
    ]),
    [
      'warning may_be_skipped: m.json: /steps/1/variables/pageId: expected a step that ran: has(steps.page) in "if", or default(steps.page…, …), found steps.page without either (line 18, column 28)',
    ],
  ],
  [
    'a condition that gives a text',
    when('steps.page.page.name', page),
    [
      'expression_type: m.json: /steps/1/if: expected an expression that gives a bool, found one that gives string (line 14, column 14)',
    ],
  ],
  [
    'an enum compared with what it never is',
    when("steps.page.page.status == 'PUBLISH'", page),
    [
      'warning never_equal: m.json: /steps/1/if: expected ContentStatus: one of DRAFT, PUBLISHED, IN_REVIEW, found "PUBLISH" (line 14, column 40; did you mean "PUBLISHED"?)',
    ],
  ],
  [
    'an enum that never is in a list',
    when("steps.page.page.status in ['DRAFT', 'PUBLIHED']", page),
    [
      'warning never_equal: m.json: /steps/1/if: expected ContentStatus: one of DRAFT, PUBLISHED, IN_REVIEW, found "PUBLIHED" (line 14, column 50; did you mean "PUBLISHED"?)',
    ],
  ],
  [
    'a text compared with a number',
    when('steps.page.page.id == 4', page),
    [
      'warning never_equal: m.json: /steps/1/if: expected two values that can be equal, found string == 4 (line 14, column 36)',
    ],
  ],
  [
    'a member of null',
    publish("${steps.page.page.publishedRevisionId == null ? steps.page.page.publishedRevisionId.x : 'x'}", page),
    [
      'unknown_member: m.json: /steps/1/variables/revisionId: expected an object, found null (steps.page.page.publishedRevisionId) (line 17, column 108)',
    ],
  ],
]
