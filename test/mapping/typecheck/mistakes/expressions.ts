import { limit, list, type Mistake, mapping, page, publish, when } from '../../../fixtures/mapping-mistakes.ts'

export const EXPRESSIONS: readonly Mistake[] = [
  [
    'a text and a number added',
    publish('${steps.page.page.id + 1}', page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: no such operation: string + 1 (line 17, column 26; make the other side text with string(...))',
    ],
  ],
  [
    'a text taken from a number',
    limit("${steps.page.page.latestRevision.version - 'a'}", page),
    ['expression: m.json: /steps/1/variables/limit: no such operation: dyn - string (line 17, column 21)'],
  ],
  [
    'a text compared by size with a number',
    when('steps.page.page.name > 3', page),
    ['expression_type: m.json: /steps/1/if: no such operation: string > 3 (line 14, column 14)'],
  ],
  [
    'a text negated',
    when('!steps.page.page.name', page),
    ['expression_type: m.json: /steps/1/if: expected a bool, found !string (line 14, column 14)'],
  ],
  [
    'a number of a text',
    limit('${-steps.page.page.name}', page),
    ['expression_type: m.json: /steps/1/variables/limit: expected a number, found -string (line 17, column 21)'],
  ],
  [
    'a ternary on a text',
    publish("${steps.page.page.id ? 'a' : 'b'}", page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected an expression that gives a bool, found one that gives string (line 17, column 26)',
    ],
  ],
  [
    'a text beside &&',
    when('payload.a && steps.page.page.name', page),
    [
      'expression_type: m.json: /steps/1/if: expected an expression that gives a bool, found one that gives string (line 14, column 27)',
    ],
  ],
  [
    'a number for slugify',
    publish('${slugify(steps.page.page.latestRevision.version)}', page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected slugify(string), found slugify(double) (line 17, column 26; make it text with string(...))',
    ],
  ],
  [
    'a method of a text on a number',
    publish("${steps.page.page.latestRevision.version.replace('a', 'b')}", page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected string.replace(string, string), found double.replace("a", "b") (line 17, column 26; make it text with string(...))',
    ],
  ],
  [
    'a JSON number for an int of CEL',
    publish('${steps.page.page.name.substring(steps.page.page.latestRevision.version)}', page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected string.substring(int), found string.substring(double) (line 17, column 26; make it a whole number with int(...))',
    ],
  ],
  [
    'a text where a list is joined',
    publish("${join(steps.page.page.name, ',')}", page),
    [
      'expression_type: m.json: /steps/1/variables/revisionId: expected join(list, string), found join(string, ",") (line 17, column 26)',
    ],
  ],
  [
    'size of a number',
    limit('${size(steps.page.page.latestRevision.version)}', page),
    [
      'expression_type: m.json: /steps/1/variables/limit: expected size(string) or size(bytes) or size(list) or size(map), found size(double) (line 17, column 21; make it text with string(...))',
    ],
  ],
  [
    'in a text',
    when("'a' in steps.page.page.name", page),
    [
      'expression_type: m.json: /steps/1/if: expected a list or a map on the right of "in", found string (line 14, column 21; use contains(...) for a part of a text)',
    ],
  ],
  [
    'a predicate that gives a text',
    when('steps.list.entries.results.exists(e, e.name)', list),
    [
      'expression_type: m.json: /steps/1/if: expected an expression that gives a bool, found one that gives string (line 14, column 51)',
    ],
  ],
  [
    'going through a text',
    when('steps.page.page.name.exists(c, c == "x")', page),
    ['expression_type: m.json: /steps/1/if: expected a list or a map, found string (line 14, column 14)'],
  ],
  [
    'a list of numbers that never holds a text',
    mapping(
      [page, { id: 'a', if: 'steps.page.page.id in vars.ids', operation: 'page', variables: { pageId: 'pg_1' } }],
      { vars: { ids: '${payload.ids.map(i, size(i))}' } },
    ),
    [
      'warning never_equal: m.json: /steps/1/if: expected a value the list may hold, found string in a list of int (line 17, column 14)',
    ],
  ],
  [
    'when that compares event types by number',
    mapping([page], { when: 'event.type == 5' }),
    [
      'warning never_equal: m.json: /when: expected two values that can be equal, found string == 5 (line 4, column 26)',
    ],
  ],
  [
    'when with a header compared by number',
    mapping([page], { when: "headers['x-count'] > 3" }),
    ['expression: m.json: /when: no such operation: string > int (line 4, column 12)'],
  ],
  [
    'forEach over a text of event',
    mapping([page], { forEach: 'event.id' }),
    [
      'expression_type: m.json: /forEach: expected an expression that gives a list, found one that gives string (line 4, column 15)',
    ],
  ],
  [
    'a mistyped member in order',
    mapping([page], { vars: { who: { id: 'x' } }, order: '${vars.who.idd}' }),
    ['unknown_member: m.json: /order: expected one of id, found vars.who.idd (line 9, column 24; did you mean "id"?)'],
  ],
  [
    'a mistyped member in a var',
    mapping([page], { vars: { who: { id: 'x' }, b: '${vars.who.idd}' } }),
    ['unknown_member: m.json: /vars/b: expected one of id, found vars.who.idd (line 8, column 22; did you mean "id"?)'],
  ],
  [
    'an object in a hold',
    mapping([page, { id: 'stop', if: 'payload.x', hold: 'stopped at ${steps.page.page}' }]),
    [
      'expression_type: m.json: /steps/1/hold: expected a text, a number or a bool, found Page (an object) (line 15, column 29; name one of its members, or use json(...))',
    ],
  ],
]
