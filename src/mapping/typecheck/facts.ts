import { isNode, type SyntaxNode, visitNodes } from '../expression/syntax-tree.ts'

/** What a condition that was met says of a member: it is there, it is there and not null, or it is null. */
type Fact = 'present' | 'not_null' | 'null'

/** What is known where an expression is evaluated. */
export interface Facts {
  /** By path (`steps.entry`, `e.slug`). */
  members: ReadonlyMap<string, Fact>
  /** Sources of the conditions that gave true. */
  met: ReadonlySet<string>
  /** Paths a condition read inside `default`: its author knows that they may be missing. */
  considered: ReadonlySet<string>
}

export const NO_FACTS: Facts = { members: new Map(), met: new Set(), considered: new Set() }

/** The path of a chain of literal members from a name, or null for anything else. */
export function pathOf(node: SyntaxNode): string | null {
  if (node.op === 'id') return node.args as string
  if (node.op !== '.' && node.op !== '[]') return null
  const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
  const name = literalMember(member)
  const path = name === null ? null : pathOf(parent)
  return path === null ? null : `${path}.${name}`
}

/** The member's name where it is written out: `.name` or `['name']`. */
export function literalMember(member: SyntaxNode | string): string | null {
  if (!isNode(member)) return member
  return member.op === 'value' && typeof member.args === 'string' ? member.args : null
}

/** The facts before, and those that a condition adds when it gave `truth`. */
export function addFacts(facts: Facts, condition: SyntaxNode, truth: boolean): Facts {
  const members = new Map(facts.members)
  const met = new Set(facts.met)
  collectFacts(condition, truth, { members, met })
  return { members, met, considered: new Set([...facts.considered, ...findConsidered(condition)]) }
}

function findConsidered(condition: SyntaxNode): string[] {
  const found: string[] = []
  visitNodes(condition, node => {
    if (node.op !== 'call') return
    const [name, args] = node.args as [string, SyntaxNode[]]
    const path = name === 'default' && args[0] !== undefined ? pathOf(args[0]) : null
    const parts = path?.split('.') ?? []
    for (const i of parts.keys()) found.push(parts.slice(0, i + 1).join('.'))
  })
  return found
}

/** The sources of the parts joined by `&&`: the condition is met when all of them are. */
export function partsOf(condition: SyntaxNode): string[] {
  return condition.op === '&&' ? (condition.args as SyntaxNode[]).flatMap(partsOf) : [sourceOf(condition)]
}

/** Facts that do not speak of a name, for when it is bound to something else. */
export function forgetName(facts: Facts, name: string): Facts {
  const kept = [...facts.members].filter(([path]) => path !== name && !path.startsWith(`${name}.`))
  return { ...facts, members: new Map(kept) }
}

interface Found {
  members: Map<string, Fact>
  met: Set<string>
}

function collectFacts(node: SyntaxNode, truth: boolean, found: Found): void {
  const source = sourceOf(node)
  if (truth) found.met.add(source)
  // The source of a node is without the parentheses around it.
  else found.met.add(`!${source}`).add(`!(${source})`)
  if (node.op === '!_') collectFacts(node.args as SyntaxNode, !truth, found)
  else if (node.op === (truth ? '&&' : '||')) {
    for (const part of node.args as SyntaxNode[]) collectFacts(part, truth, found)
  } else if (node.op === 'call' && truth) collectCall(node, found)
  else if (node.op === '==' || node.op === '!=') collectComparison(node, (node.op === '==') === truth, found)
}

/** `has(a.b)`; what `size(a.b) > 0` or `default(a.b, …)` say is not looked at. */
function collectCall(node: SyntaxNode, found: Found): void {
  const [name, args] = node.args as [string, SyntaxNode[]]
  const path = name === 'has' && args[0] !== undefined ? pathOf(args[0]) : null
  if (path !== null && !found.members.has(path)) found.members.set(path, 'present')
}

function collectComparison(node: SyntaxNode, equal: boolean, found: Found): void {
  const [left, right] = node.args as [SyntaxNode, SyntaxNode]
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const path = pathOf(one)
    if (path === null || other.op !== 'value') continue
    if (other.args === null) found.members.set(path, equal ? 'null' : 'not_null')
    else if (equal) found.members.set(path, 'not_null')
  }
}

function sourceOf(node: SyntaxNode): string {
  return node.input.slice(node.start, node.end)
}
