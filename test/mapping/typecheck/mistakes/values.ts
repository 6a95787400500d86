import { limit, type Mistake, mapping, page, payload, readPage } from '../../../fixtures/mapping-mistakes.ts'

export const VALUES: readonly Mistake[] = [
  [
    'a number for a String',
    readPage(5),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found 5 (line 9, column 19; write it in quotes)',
    ],
  ],
  [
    'a bool for a String',
    readPage(true),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found true (line 9, column 19; write it in quotes)',
    ],
  ],
  [
    'null for a String!',
    readPage(null),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found null (line 9, column 19)'],
  ],
  [
    'a list for a String',
    readPage(['pg_1']),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found a list of "pg_1" (line 9, column 19)'],
  ],
  [
    'an object for a String',
    readPage({ id: 'pg_1' }),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found an object (line 9, column 19)'],
  ],
  [
    'an int of CEL for a String',
    readPage('${size(payload.pages)}'),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found int (line 9, column 22; make it text with string(...))',
    ],
  ],
  [
    'a bool of CEL for a String',
    readPage('${payload.n > 3}'),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found bool (line 9, column 22; make it text with string(...))',
    ],
  ],
  [
    'a list of CEL for a String',
    readPage("${payload.path.split('/')}"),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found a list of string (line 9, column 22)'],
  ],
  [
    'a map of CEL for a String',
    readPage("${{'id': payload.id}}"),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found an object (line 9, column 22)'],
  ],
  [
    'null of CEL for a String!',
    readPage('${null}'),
    ['variable_type: m.json: /steps/0/variables/pageId: expected String!, found null (line 9, column 22)'],
  ],
  [
    'bytes',
    readPage("${b'abc'}"),
    [
      'expression_type: m.json: /steps/0/variables/pageId: expected an expression that gives JSON, found one that gives bytes (line 9, column 22)',
    ],
  ],
  [
    'a fallback of another kind',
    readPage('${default(event.type, 5) == "x" ? "a" : dyn(5)}'),
    [
      'warning variable_type: m.json: /steps/0/variables/pageId: expected String!, found 5 (line 9, column 22; write it in quotes)',
    ],
  ],
  [
    'a text for an Int',
    limit('10'),
    [
      'variable_type: m.json: /steps/0/variables/limit: expected Int, found "10" (line 10, column 18; write it without quotes)',
    ],
  ],
  [
    'a word for an Int',
    limit('ten'),
    ['variable_type: m.json: /steps/0/variables/limit: expected Int, found "ten" (line 10, column 18)'],
  ],
  [
    'a text of CEL for an Int',
    limit('${payload.limit + "0"}'),
    [
      'variable_type: m.json: /steps/0/variables/limit: expected Int, found string (line 10, column 21; make it a whole number with int(...))',
    ],
  ],
  [
    'a fraction for an Int',
    limit(1.5),
    [
      'variable_type: m.json: /steps/0/variables/limit: expected Int, found 1.5 (line 10, column 18; make it a whole number with int(...))',
    ],
  ],
  [
    'a division for an Int',
    limit('${payload.total / 2}'),
    [
      'variable_type: m.json: /steps/0/variables/limit: expected Int, found double (a number that may have a fraction) (line 10, column 21; make it a whole number with int(...))',
    ],
  ],
  [
    'a division of a whole number of JSON for an Int',
    limit('${steps.page.page.latestRevision.version / 2}', page),
    [
      'variable_type: m.json: /steps/1/variables/limit: expected Int, found double (a number that may have a fraction) (line 17, column 21; make it a whole number with int(...))',
    ],
  ],
  [
    'a number beyond Int',
    limit(3000000000),
    [
      'variable_type: m.json: /steps/0/variables/limit: expected Int (from -2147483648 to 2147483647), found 3000000000 (line 10, column 18)',
    ],
  ],
  [
    'a bool for an Int',
    limit(false),
    ['variable_type: m.json: /steps/0/variables/limit: expected Int, found false (line 10, column 18)'],
  ],
  [
    'a text for a Boolean',
    mapping([
      {
        id: 'a',
        operation: 'createRedirect',
        variables: { projectId: 'prj_1', source: '/a', destination: '/b', permanent: 'true' },
      },
    ]),
    [
      'variable_type: m.json: /steps/0/variables/permanent: expected Boolean, found "true" (line 12, column 22; write it without quotes)',
    ],
  ],
  [
    'a number for a Boolean',
    mapping([
      {
        id: 'a',
        operation: 'createRedirect',
        variables: { projectId: 'prj_1', source: '/a', destination: '/b', permanent: 1 },
      },
    ]),
    ['variable_type: m.json: /steps/0/variables/permanent: expected Boolean, found 1 (line 12, column 22)'],
  ],
  [
    'a value the enum has not',
    mapping([{ id: 'a', operation: 'pages', variables: { projectId: 'prj_1', status: 'PUBLISHD' } }]),
    [
      'variable_type: m.json: /steps/0/variables/status: expected ContentStatus: one of DRAFT, PUBLISHED, IN_REVIEW, found "PUBLISHD" (line 10, column 19; did you mean "PUBLISHED"?)',
    ],
  ],
  [
    'a number for an enum',
    mapping([{ id: 'a', operation: 'pages', variables: { projectId: 'prj_1', status: 1 } }]),
    [
      'variable_type: m.json: /steps/0/variables/status: expected ContentStatus: one of DRAFT, PUBLISHED, IN_REVIEW, found 1 (line 10, column 19)',
    ],
  ],
  [
    'an enum in lower case, from a var',
    mapping([{ id: 'a', operation: 'pages', variables: { projectId: 'prj_1', status: '${vars.s}' } }], {
      vars: { s: 'draft' },
    }),
    [
      'variable_type: m.json: /steps/0/variables/status: expected ContentStatus: one of DRAFT, PUBLISHED, IN_REVIEW, found "draft" (line 13, column 22; did you mean "DRAFT"?)',
    ],
  ],
  [
    'a text for an input object',
    payload('x'),
    [
      'variable_type: m.json: /steps/0/variables/payload: expected CreateEntryDto (an object), found "x" (line 10, column 20)',
    ],
  ],
  [
    'a list for an input object',
    payload([{ name: 'x' }]),
    [
      'variable_type: m.json: /steps/0/variables/payload: expected CreateEntryDto (an object), found a list of objects (line 10, column 20)',
    ],
  ],
  [
    'a missing field of an input object',
    payload({ slug: 'x' }),
    [
      'missing_field: m.json: /steps/0/variables/payload: expected "name" (String!), found nothing (line 10, column 20)',
    ],
  ],
  [
    'an unknown field of an input object',
    payload({ name: 'x', slg: 'y' }),
    [
      'unknown_field: m.json: /steps/0/variables/payload/slg: expected one of name, slug, content, found "slg" (line 12, column 11; did you mean "slug"?)',
    ],
  ],
  [
    'a wrong field of an input object',
    payload({ name: 'x', slug: 4 }),
    [
      'variable_type: m.json: /steps/0/variables/payload/slug: expected String, found 4 (line 12, column 19; write it in quotes)',
    ],
  ],
  [
    'null for a required field',
    payload({ name: null }),
    ['variable_type: m.json: /steps/0/variables/payload/name: expected String!, found null (line 11, column 19)'],
  ],
  [
    'fields of a map literal',
    payload("${{'name': 'x', 'slg': 'y', 'slug': size('abc')}}"),
    [
      'unknown_field: m.json: /steps/0/variables/payload: expected one of name, slug, content, found "slg" (line 10, column 44; did you mean "slug"?)',
      'variable_type: m.json: /steps/0/variables/payload: expected String, found int (line 10, column 57; make it text with string(...))',
    ],
  ],
  [
    'an instant with Z in content',
    payload({ name: 'x', content: { published: '2026-01-31T10:00:00Z' } }),
    [
      'warning date_with_z: m.json: /steps/0/variables/payload/content/published: expected a date, or an instant with a numeric offset, found "2026-01-31T10:00:00Z" (line 13, column 26; use date(...) or dateTimeOffset(...))',
    ],
  ],
  [
    'an instant with Z by a pattern',
    payload({ name: 'x', content: { published: "${formatDate(payload.at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")}" } }),
    [
      'warning date_with_z: m.json: /steps/0/variables/payload/content/published: expected a date, or an instant with a numeric offset, found an instant that ends with "Z" (line 13, column 29; use date(...) or dateTimeOffset(...))',
    ],
  ],
  [
    'an instant with Z by the token XXX',
    payload({ name: 'x', content: { dates: ['${formatDate(payload.at, "yyyy-MM-dd\'T\'HH:mmXXX")}'] } }),
    [
      'warning date_with_z: m.json: /steps/0/variables/payload/content/dates/0: expected a date, or an instant with a numeric offset, found an instant that ends with "Z" (line 14, column 18; use date(...) or dateTimeOffset(...))',
    ],
  ],
  [
    'a timestamp in content',
    payload({ name: 'x', content: { published: '${timestamp(payload.at)}' } }),
    [
      'warning date_with_z: m.json: /steps/0/variables/payload/content/published: expected a date, or an instant with a numeric offset, found an instant that ends with "Z" (line 13, column 29; use date(...) or dateTimeOffset(...))',
    ],
  ],
  [
    'a date with a time and Z after it',
    payload({ name: 'x', content: { published: '${date(payload.at)}T00:00:00Z' } }),
    [
      'warning date_with_z: m.json: /steps/0/variables/payload/content/published: expected a date, or an instant with a numeric offset, found an instant that ends with "Z" (line 13, column 26; use date(...) or dateTimeOffset(...))',
    ],
  ],
  [
    'a constant of another kind',
    readPage('${constants.number}'),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found 7 (line 9, column 22; write it in quotes)',
    ],
  ],
  [
    'a var of another kind',
    readPage('${vars.id}', { vars: { id: '${int(payload.id)}' } }),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found int (line 12, column 22; make it text with string(...))',
    ],
  ],
  [
    'an item of another kind',
    readPage('${item}', { forEach: '[1, 2]' }),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found int (line 10, column 22; make it text with string(...))',
    ],
  ],
  [
    'a member of event of another kind',
    readPage('${event.receivedAt}'),
    [
      'variable_type: m.json: /steps/0/variables/pageId: expected String!, found int (line 9, column 22; make it text with string(...))',
    ],
  ],
]
