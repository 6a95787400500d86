import { act, type Mistake } from '../../../fixtures/mapping-mistakes.ts'

export const ACTIONS: readonly Mistake[] = [
  [
    'a number for a parameter',
    act('publishPage', { pageId: 5 }),
    [
      'variable_type: m.json: /with/pageId: expected String! for pageId of the operation page in the action publishPage, found 5 (line 6, column 15; write it in quotes)',
    ],
  ],
  [
    'null for a parameter',
    act('publishPage', { pageId: null }),
    [
      'variable_type: m.json: /with/pageId: expected String! for pageId of the operation page in the action publishPage, found null (line 6, column 15)',
    ],
  ],
  [
    'a bool of CEL for a parameter',
    act('updateEntry', { entryId: '${payload.n > 3}', content: {} }),
    [
      'variable_type: m.json: /with/entryId: expected String! for entryId of the operation entry in the action updateEntry, found bool (line 6, column 16; make it text with string(...))',
    ],
  ],
  [
    'an int of CEL for a parameter',
    act('createEntry', { collectionId: 'col_1', name: '${size(payload.x)}' }),
    [
      'expression_type: m.json: /with/name: expected slugify(string) for search of the operation entries in the action createEntry, found slugify(double) (line 7, column 13; make it text with string(...))',
    ],
  ],
  [
    'a list for a parameter',
    act('publishEntry', { entryId: ['ent_1'] }),
    [
      'variable_type: m.json: /with/entryId: expected String! for entryId of the operation entry in the action publishEntry, found a list of "ent_1" (line 6, column 16)',
    ],
  ],
  [
    'a text for a bool',
    act('createRedirect', { projectId: 'prj_1', source: '/a', destination: '/b', permanent: 'yes' }),
    [
      'variable_type: m.json: /with/permanent: expected Boolean for permanent of the operation createRedirect in the action createRedirect, found "yes" (line 9, column 18)',
    ],
  ],
  [
    'null content',
    act('updateEntry', { entryId: 'ent_1', content: null }),
    [
      'expression_type: m.json: /with/content: expected shapeContent(list, map) for the step "saved" of the action updateEntry, found shapeContent(a list of CollectionField, null) (line 7, column 16)',
    ],
  ],
  [
    'a parameter from a constant',
    act('publishPage', { pageId: '${constants.number}' }),
    [
      'variable_type: m.json: /with/pageId: expected String! for pageId of the operation page in the action publishPage, found 7 (line 6, column 15; write it in quotes)',
    ],
  ],
  [
    'a parameter from a var',
    act('publishPage', { pageId: '${vars.id}' }, { vars: { id: '${payload.a / 2}' } }),
    [
      'variable_type: m.json: /with/pageId: expected String! for pageId of the operation page in the action publishPage, found double (a number that may have a fraction) (line 9, column 15; make it text with string(...))',
    ],
  ],
  [
    'two parameters',
    act('createEntry', { collectionId: 4, name: true }),
    [
      'variable_type: m.json: /with/collectionId: expected String! for collectionId of the operation entries in the action createEntry, found 4 (line 6, column 21; write it in quotes)',
      'expression_type: m.json: /with/name: expected slugify(string) for search of the operation entries in the action createEntry, found slugify(true) (line 7, column 13; make it text with string(...))',
    ],
  ],
]
