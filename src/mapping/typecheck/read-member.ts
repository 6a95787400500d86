import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { suggest } from '../suggest.ts'
import { describeChoice, describeType } from './describe-type.ts'
import { literalMember, pathOf } from './facts.ts'
import { finding, type InferContext } from './infer-context.ts'
import {
  DYN,
  type ListType,
  literalString,
  membersOf,
  NULL,
  type ObjectType,
  STRING,
  unite,
  type ValueType,
  withoutNull,
} from './value-type.ts'

/** Most changes from a member's name to one that is taken for a mistake; longer names of new members may share half of it. */
const NEAR_CHANGES_MAX = 2

/** The type of `a.b` or `a['b']` or `a[i]`; reports a member that is known not to be there. */
export function readMember(node: SyntaxNode, context: InferContext): ValueType {
  const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
  const owner = context.infer(parent, context)
  const name = literalMember(member)
  const type =
    name === null ? readIndex(owner, member as SyntaxNode, node, context) : readNamed(owner, name, node, context)
  const path = pathOf(node)
  const fact = path === null ? undefined : context.facts.members.get(path)
  if (fact === 'null') return NULL
  if (fact === 'not_null') return withoutNull(type)
  return type
}

function readNamed(owner: ValueType, name: string, node: SyntaxNode, context: InferContext): ValueType {
  const found: ValueType[] = []
  const missing: ValueType[] = []
  for (const type of membersOf(owner)) {
    if (type.kind === 'dyn') return DYN
    if (type.kind === 'never') continue
    const field = type.kind === 'object' ? readField(type, name, node, context) : null
    if (field === null) missing.push(type)
    else found.push(field)
  }
  // A null owner ends the evaluation, so that what comes out is the member of the others.
  const wrong = missing.filter(type => type.kind !== 'null')
  if (found.length > 0 || (wrong.length === 0 && missing.length === 0)) return unite(found)
  const owning = wrong[0] ?? missing[0]!
  if (owning.kind === 'list' && node.op === '[]') reportIndex(owning, literalString(name), node, context)
  else reportMissing(owning, name, node, context)
  return DYN
}

function readField(type: ObjectType, name: string, node: SyntaxNode, context: InferContext): ValueType | null {
  const field = type.fields.get(name)
  if (field === undefined) return type.lags === true ? readUnnamed(type, name, node, context) : type.rest
  if (field.optional) checkSkipped(name, node, context)
  return field.type
}

/** The sender may have got a new member; one with nearly the name of another is more probably a mistake. */
function readUnnamed(owner: ObjectType, name: string, node: SyntaxNode, context: InferContext): ValueType | null {
  if (suggest(name, owner.fields.keys(), NEAR_CHANGES_MAX) !== null) reportMissing(owner, name, node, context)
  return owner.rest
}

/** The result of a step that may have been skipped, read where nothing says that it ran. */
function checkSkipped(name: string, node: SyntaxNode, context: InferContext): void {
  const path = pathOf(node)
  const conditions = path === `steps.${name}` ? context.skips.get(name) : undefined
  if (conditions === undefined || context.isForgiving || context.facts.members.has(path!)) return
  if (context.facts.considered.has(path!) || conditions.every(condition => context.facts.met.has(condition))) return
  const parts = {
    severity: 'warning',
    code: 'may_be_skipped',
    message: `the step "${name}" may have been skipped, and then there is no ${path}`,
    expected: `a step that ran: has(${path}) in "if", or default(${path}…, …)`,
    found: `${path} without either`,
  } as const
  context.report(memberStart(node), finding(parts))
}

function reportMissing(owner: ValueType, name: string, node: SyntaxNode, context: InferContext): void {
  const [parent] = node.args as [SyntaxNode]
  const source = node.input.slice(parent.start, parent.end)
  const found = node.input.slice(node.start, node.end)
  if (owner.kind !== 'object') {
    const suggestion = owner.kind === 'list' ? `take one element first, for example ${source}[0].${name}` : null
    const what = describeType(owner)
    const parts = { message: `${what} has no members`, expected: 'an object', found: `${what} (${source})`, suggestion }
    context.report(memberStart(node), finding({ code: 'unknown_member', ...parts }))
    return
  }
  const known = [...owner.fields.keys()]
  const suggestion = suggest(name, known)
  // default(a.typo, b) and has(a.typo) never fail, but what they ask for never is there.
  if (context.isForgiving && suggestion === null) return
  const isUnselected = owner.unselected?.fields.includes(name) === true
  const parts = {
    severity: context.isForgiving ? 'warning' : 'error',
    code: 'unknown_member',
    message: isUnselected
      ? `the operation ${owner.unselected?.operation} does not select "${name}" of ${owner.name}`
      : `${source} has no "${name}"`,
    expected: describeChoice(known),
    found,
    suggestion: isUnselected ? `select ${name} in a ${owner.unselected?.operation}.graphql of your own` : suggestion,
  } as const
  context.report(memberStart(node), finding(parts))
}

function readIndex(owner: ValueType, index: SyntaxNode, node: SyntaxNode, context: InferContext): ValueType {
  const by = context.infer(index, { ...context, isForgiving: false })
  const found: ValueType[] = []
  const wrong: ValueType[] = []
  for (const type of membersOf(owner)) {
    if (type.kind === 'dyn') return DYN
    const item = type.kind === 'list' ? readItem(type, by, index) : type.kind === 'object' ? readAny(type, by) : null
    if (item !== null) found.push(item)
    else if (type.kind !== 'null') wrong.push(type)
  }
  const bad = wrong[0]
  if (found.length === 0 && bad !== undefined) reportIndex(bad, by, node, context)
  return found.length === 0 ? DYN : unite(found)
}

function readItem(list: ListType, by: ValueType, index: SyntaxNode): ValueType | null {
  if (!membersOf(by).some(({ kind }) => kind === 'number' || kind === 'dyn' || kind === 'opaque')) return null
  const place = index.op === 'value' && typeof index.args === 'bigint' ? Number(index.args) : null
  if (place !== null && list.items?.[place] !== undefined) return list.items[place]
  return list.item.kind === 'never' ? DYN : list.item
}

/** A member whose name is computed: any of them, if there. */
function readAny(type: ObjectType, by: ValueType): ValueType | null {
  if (!membersOf(by).some(one => mayName(one, type))) return null
  const all = [...type.fields.values()].map(field => field.type)
  return unite([...all, ...(type.rest === null ? [] : [type.rest])])
}

/** The names of members are text, so that `{'4': 'sales'}[4]` reads one; most objects have no name a number could be. */
function mayName(by: ValueType, owner: ObjectType): boolean {
  if (by.kind === 'string' || by.kind === 'enum' || by.kind === 'dyn') return true
  if (by.kind !== 'number' && by.kind !== 'bool') return false
  if (by.value !== null) return owner.fields.has(String(by.value))
  return [...owner.fields.keys()].some(name => (by.kind === 'bool' ? /^(?:true|false)$/ : /^-?\d/).test(name))
}

function reportIndex(owner: ValueType, by: ValueType, node: SyntaxNode, context: InferContext): void {
  const [parent, index] = node.args as [SyntaxNode, SyntaxNode]
  const source = node.input.slice(parent.start, parent.end)
  const expected = owner.kind === 'list' ? 'a number' : owner.kind === 'object' ? 'a text' : 'a list or an object'
  const isIndex = owner.kind === 'list' || owner.kind === 'object'
  const found = isIndex ? describeType(by) : `${describeType(owner)} (${source})`
  const message = isIndex ? `${describeType(owner)} is not read by ${found}` : `${describeType(owner)} has no elements`
  context.report(isIndex ? index.start : parent.start, finding({ code: 'unknown_member', message, expected, found }))
}

/** Where the member is written, so that the caret is under it and not under what it belongs to. */
function memberStart(node: SyntaxNode): number {
  const [, member] = node.args as [SyntaxNode, SyntaxNode | string]
  return typeof member === 'string' ? node.pos : member.start
}

/** The type of one turn's variable when going through a value, or null where that is not possible. */
export function elementOf(type: ValueType): ValueType | null {
  const found: ValueType[] = []
  for (const one of membersOf(type)) {
    if (one.kind === 'dyn') return DYN
    if (one.kind === 'list') found.push(one.item)
    else if (one.kind === 'object') found.push(STRING)
  }
  return found.length === 0 ? null : unite(found)
}
