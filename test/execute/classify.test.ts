import t from 'tap'
import { type Classified, classify, parseRetryAfter } from '../../src/execute/classify.ts'
import type { Sent } from '../../src/execute/send.ts'
import type { Effect } from '../../src/store/attempts.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
type Answered = Extract<Sent, { kind: 'answered' }>

function answered(change: Partial<Answered> = {}): Answered {
  return { kind: 'answered', status: 200, data: null, errors: [], retryAfter: null, body: '', ...change }
}
function refused(message: string, code: string | null = null, change: Partial<Answered> = {}): Answered {
  return answered({ errors: [{ message, code }], ...change })
}
const SAVED = { save: { success: true } }
const NOT_SAVED = { save: { success: false, message: 'Slug is taken.' } }

function isSaved(data: Record<string, unknown>): boolean | null {
  const success = (data.save as { success?: unknown } | null)?.success
  return typeof success === 'boolean' ? success : null
}

type Case = [name: string, sent: Sent, expected: Partial<Classified>, effect?: Effect]
const APPLIED = { outcome: 'applied', verdict: 'applied', tokenAnswer: 'ok' } as const
const PERMANENT = { outcome: 'rejected', verdict: 'permanent', tokenAnswer: 'ok' } as const
const CONFLICT = { outcome: 'rejected', verdict: 'conflict', tokenAnswer: 'ok' } as const
const DRIFT = { outcome: 'rejected', verdict: 'schema_drift', tokenAnswer: 'ok' } as const
const UNKNOWN = { outcome: 'unknown', verdict: 'unknown' } as const
const UNAUTHORIZED = { outcome: 'rejected', verdict: 'unauthorized', tokenAnswer: 'unauthorized' } as const
const FORBIDDEN = { outcome: 'rejected', verdict: 'forbidden', tokenAnswer: 'forbidden' } as const
const LIMITED = { outcome: 'rejected', verdict: 'rate_limited', tokenAnswer: 'rate_limited' } as const

const notSentCauses = ['dns', 'refused', 'tls', 'connect_timeout', 'redirect', 'deadline', 'local', 'reset'] as const
const lostCauses = ['reset', 'deadline', 'oversize', 'encoded', 'invalid_answer'] as const

const CASES: Case[] = [
  ...notSentCauses.map(
    (cause): Case => [
      `${cause === 'redirect' ? 'T110' : 'T105'} not sent because of "${cause}" is tried again`,
      { kind: 'not_sent', cause },
      { outcome: 'not_sent', verdict: 'retry', status: null, code: cause, tokenAnswer: null },
    ],
  ),
  ...lostCauses.map(
    (cause): Case => [
      `${cause === 'oversize' || cause === 'encoded' ? 'T109' : cause === 'deadline' ? 'T108' : 'T106/T107'} lost because of "${cause}" is unknown`,
      { kind: 'lost', cause, status: 200 },
      { ...UNKNOWN, status: 200, code: cause, tokenAnswer: null },
    ],
  ),
  [
    'T098 errors without data are permanent',
    refused('Slug is taken.', 'BAD_USER_INPUT'),
    { ...PERMANENT, code: 'BAD_USER_INPUT', message: 'Slug is taken.' },
  ],
  [
    'T098 errors with data that is null throughout are permanent',
    refused('no', null, { data: { save: null } }),
    { ...PERMANENT, code: 'http_200' },
  ],
  [
    'T098 the first error names the code',
    answered({
      errors: [
        { message: 'one', code: null },
        { message: 'two', code: 'X' },
      ],
    }),
    { ...PERMANENT, code: 'http_200', message: 'one' },
  ],
  [
    'T099 data with errors beside it counts as applied, flagged',
    refused('nested failed', 'INTERNAL', { data: SAVED }),
    { ...APPLIED, code: 'INTERNAL', message: 'nested failed' },
  ],
  [
    'T099 a 401 code beside data that was written is not a refusal',
    refused('x', 'UNAUTHENTICATED', { data: SAVED }),
    APPLIED,
  ],
  ['T100 success true is applied', answered({ data: SAVED }), { ...APPLIED, status: 200, code: null, message: null }],
  [
    'T100 success false is permanent, with the words of the API',
    answered({ data: NOT_SAVED }),
    { ...PERMANENT, code: 'not_successful', message: 'Slug is taken.' },
  ],
  [
    'T100 success false because of a stale version starts over',
    answered({ data: { save: { success: false, message: 'Version conflict: 3 is stale' } } }),
    CONFLICT,
  ],
  [
    'T100 success false beside a conflict code starts over',
    refused('no', 'CONFLICT', { data: { save: { success: false } } }),
    CONFLICT,
  ],
  [
    'T100 success false without words has some',
    answered({ data: { save: { success: false } } }),
    { ...PERMANENT, message: 'The API answered without success' },
  ],
  [
    'T100 a success that cannot be read says nothing certain',
    answered({ data: { save: { ok: 1 } } }),
    { ...UNKNOWN, code: 'success_unclear' },
  ],
  ['T101 401 stops the token', answered({ status: 401 }), { ...UNAUTHORIZED, code: 'http_401', status: 401 }],
  [
    'T101 401 with a GraphQL body keeps its code',
    refused('bad token', 'INVALID_TOKEN', { status: 401 }),
    { ...UNAUTHORIZED, code: 'INVALID_TOKEN' },
  ],
  ...['UNAUTHENTICATED', 'unauthorized', 'NOT_AUTHENTICATED', 'INVALID_TOKEN', 'TOKEN_EXPIRED', '401'].map(
    (code): Case => [`T101 ${code} in a 200 stops the token`, refused('x', code), UNAUTHORIZED],
  ),
  ['T102 403 is for the role', answered({ status: 403 }), { ...FORBIDDEN, code: 'http_403' }],
  ...['FORBIDDEN', 'forbidden', 'PERMISSION_DENIED', 'ACCESS_DENIED', 'NOT_AUTHORIZED', '403'].map(
    (code): Case => [`T102 ${code} in a 200 is for the role`, refused('x', code), FORBIDDEN],
  ),
  ['T103 429 without Retry-After waits by backoff', answered({ status: 429 }), { ...LIMITED, retryAfterMs: null }],
  [
    'T103 429 with seconds waits for them',
    answered({ status: 429, retryAfter: '7' }),
    { ...LIMITED, retryAfterMs: 7_000 },
  ],
  [
    'T103 429 with a date waits until it',
    answered({ status: 429, retryAfter: 'Tue, 24 Nov 2026 08:01:30 GMT' }),
    { ...LIMITED, retryAfterMs: 90_000 },
  ],
  [
    'T103 429 with a huge value is capped',
    answered({ status: 429, retryAfter: '99999999999' }),
    { ...LIMITED, retryAfterMs: 3_600_000 },
  ],
  ...['TOO_MANY_REQUESTS', 'RATE_LIMITED', 'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT', 'throttled', '429'].map(
    (code): Case => [
      `T103 ${code} in a 200 pauses the token`,
      refused('x', code, { retryAfter: '2' }),
      { ...LIMITED, retryAfterMs: 2_000 },
    ],
  ),
  ...[500, 502, 503, 504, 520, 599].map(
    (status): Case => [
      `T104 ${status} is unknown`,
      answered({ status, body: '<h1>no</h1>' }),
      { ...UNKNOWN, status, code: `http_${status}`, tokenAnswer: null },
    ],
  ),
  ['T104 500 with data that was written is still unknown', answered({ status: 500, data: SAVED }), UNKNOWN],
  [
    'T104 500 with a 401 code inside does not stop the token',
    refused('x', 'UNAUTHENTICATED', { status: 500 }),
    { ...UNKNOWN, tokenAnswer: null },
  ],
  ['408 says nothing of how far the request came', answered({ status: 408 }), { ...UNKNOWN, code: 'http_408' }],
  ['400 is permanent', refused('bad', null, { status: 400 }), { ...PERMANENT, code: 'http_400' }],
  [
    '404 of something in between is permanent, and says nothing of the token',
    answered({ status: 404 }),
    { ...PERMANENT, tokenAnswer: null, code: 'http_404' },
  ],
  ['409 starts over', refused('no', null, { status: 409 }), CONFLICT],
  ['413 is permanent', answered({ status: 413 }), { ...PERMANENT, tokenAnswer: null }],
  ['422 is permanent', refused('no', null, { status: 422 }), PERMANENT],
  ['400 with data is not applied', answered({ status: 400, data: SAVED }), PERMANENT],
  ...['CONFLICT', 'VERSION_CONFLICT', 'STALE_VERSION', 'EDIT_CONFLICT', 'OPTIMISTIC_LOCK'].map(
    (code): Case => [`${code} starts the flow over`, refused('no', code), CONFLICT],
  ),
  ...['The draft is stale.', 'Version mismatch', 'It was changed since you read it', 'There is a newer revision'].map(
    (words): Case => [`"${words}" starts the flow over`, refused(words), CONFLICT],
  ),
  ...[
    'Cannot query field "x" on type "Entry".',
    'Unknown argument "y" on field "Mutation.save".',
    'Unknown type "Foo".',
    'Field "save" of type "Result!" must have a selection of subfields.',
    'Field "z" is not defined by type "Input".',
    'Variable "$a" got invalid value "x"; Expected type "Int".',
    'Variable "$a" of type "String" used in position expecting type "Int!".',
    'Field "save" argument "b" of type "String!" is required, but it was not provided.',
  ].map((words): Case => [`T113 "${words}" is schema drift`, refused(words, 'GRAPHQL_VALIDATION_FAILED'), DRIFT]),
  [
    'T090 a value of the wrong kind is no schema drift',
    refused('Variable "$a" got invalid value { $ne: 1 }; String cannot represent a non string value: { $ne: 1 }', null),
    { outcome: 'rejected', verdict: 'permanent', tokenAnswer: 'ok' },
  ],
  ['T113 drift arrives as a 400 too', refused('Cannot query field "x" on type "Entry".', null, { status: 400 }), DRIFT],
  ['a query that finds nothing is an answer', answered({ data: { page: null } }), APPLIED, 'read'],
  ['a query that fails is permanent', refused('no', null, { data: { page: null } }), PERMANENT, 'read'],
  [
    'a write that comes back with nothing, and no error, is unknown',
    answered({ data: { save: null } }),
    { ...UNKNOWN, code: 'no_data' },
  ],
  ['neither data nor errors is unknown', answered(), { ...UNKNOWN, code: 'no_data', tokenAnswer: null }],
]

for (const [name, sent, expected, effect = 'verify'] of CASES) {
  t.test(name, async t => {
    const success = effect === 'read' ? () => true : isSaved
    const found = classify({ sent, effect, success, now: NOW })
    t.match(found, expected)
    t.same(Object.keys(found).sort(), [
      'code',
      'message',
      'outcome',
      'retryAfterMs',
      'status',
      'tokenAnswer',
      'verdict',
    ])
  })
}

t.test('there are enough cases, each with a name of its own', async t => {
  t.ok(CASES.length >= 80)
  t.equal(new Set(CASES.map(([name]) => name)).size, CASES.length)
})

t.test('every cause of a failure has words of its own', async t => {
  const words = [
    ...notSentCauses.map(cause =>
      classify({ sent: { kind: 'not_sent', cause }, effect: 'set', success: isSaved, now: NOW }),
    ),
    ...lostCauses.map(cause =>
      classify({ sent: { kind: 'lost', cause, status: null }, effect: 'set', success: isSaved, now: NOW }),
    ),
  ].map(({ message }) => message)
  t.notOk(words.includes(null))
  t.equal(new Set(words).size, words.length)
})

t.test('a message is kept to 500 characters', async t => {
  const sent = refused('x'.repeat(5_000))
  t.equal(classify({ sent, effect: 'set', success: isSaved, now: NOW }).message?.length, 500)
  const said = answered({ data: { save: { success: false, message: 'y'.repeat(5_000) } } })
  t.equal(classify({ sent: said, effect: 'set', success: isSaved, now: NOW }).message?.length, 500)
})

t.test('the effect decides nothing about what came back, but for queries that find nothing', async t => {
  for (const effect of ['set', 'keyed', 'verify', 'once'] satisfies Effect[]) {
    t.equal(classify({ sent: answered({ data: SAVED }), effect, success: isSaved, now: NOW }).verdict, 'applied')
    t.equal(classify({ sent: answered({ status: 502 }), effect, success: isSaved, now: NOW }).verdict, 'unknown')
  }
})

const RETRY_AFTER: [string | null, number | null][] = [
  [null, null],
  ['', null],
  ['0', null],
  ['1', 1_000],
  [' 5 ', 5_000],
  ['007', 7_000],
  ['3600', 3_600_000],
  ['3601', 3_600_000],
  ['99999999999', 3_600_000],
  ['9'.repeat(400), 3_600_000],
  ['-1', null],
  ['+5', null],
  ['1.5', null],
  ['1e3', null],
  ['0x10', null],
  ['abc', null],
  ['5s', null],
  ['5, 10', null],
  ['5;10', null],
  ['NaN', null],
  ['Infinity', null],
  ['٥', null],
  ['Tue, 24 Nov 2026 08:00:30 GMT', 30_000],
  ['Tue, 24 Nov 2026 08:00:00 GMT', null],
  ['Tue, 24 Nov 2026 07:59:59 GMT', null],
  ['Sun, 06 Nov 1994 08:49:37 GMT', null],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 3_600_000],
  ['Tue, 24 Nov 2026 08:00:30 GMT, Tue, 24 Nov 2026 08:00:40 GMT', null],
  ['Tue, 99 Nov 2026 08:00:30 GMT', null],
  ['2026-11-24T08:00:30Z', null],
  ['Tue,', null],
  ['Tuesday, 24-Nov-26 08:00:30 GMT', 30_000],
  ['Tue Nov 24 08:00:30 2026', 30_000],
  ['Sun Nov  6 08:49:37 1994', null],
  ['Tue Nov', null],
  ['Monday', null],
]

t.test('T103 Retry-After is a number of seconds or a date; anything else, and "at once", is no answer', async t => {
  for (const [value, expected] of RETRY_AFTER)
    t.equal(parseRetryAfter(value, NOW), expected, JSON.stringify(value?.slice(0, 60)))
})

t.test('NOT_FOUND is an answer where the operation says so, and only there', async t => {
  const gone = refused('Entry not found.', 'NOT_FOUND')
  const judge = (sent: Sent, says: boolean | null, hasSuccess = true): Classified =>
    classify({
      sent,
      effect: 'set',
      success: data => (Object.keys(data).length === 0 ? says : false),
      hasSuccess,
      now: NOW,
    })
  t.match(judge(gone, true), { ...APPLIED, code: 'NOT_FOUND', message: 'Nothing to do: Entry not found.' })
  t.match(judge(refused('Entry not found.', 'NOT_FOUND', { data: { deleteEntry: null } }), true), APPLIED)
  t.match(judge(refused('No page with this id does not exist', null), true), { ...APPLIED, code: 'NOT_FOUND' })
  t.match(judge(refused('x', 'ENTRY_NOT_FOUND', { status: 404 }), true), APPLIED)
  t.match(judge(gone, true, false), { ...PERMANENT, code: 'NOT_FOUND' }, 'no success of its own')
  t.match(judge(gone, false), PERMANENT)
  t.match(judge(gone, null), PERMANENT, 'success that cannot be read over no data, as data.x.success')
  t.match(judge(answered({ status: 404 }), true), { outcome: 'rejected' }, 'a page of something in between')
  t.match(judge(refused('Project not found.'), true), PERMANENT, 'another thing that is missing')
  t.match(judge(refused('x', 'NOT_FOUND', { status: 500 }), true), UNKNOWN)
  const both = answered({
    errors: [
      { message: 'x', code: 'NOT_FOUND' },
      { message: 'y', code: 'INTERNAL' },
    ],
  })
  t.match(judge(both, true), PERMANENT, 'something else is wrong too')
  t.match(
    judge(refused('x', 'NOT_FOUND', { data: SAVED }), true),
    { verdict: 'permanent' },
    'data beside it is judged as data',
  )
})
