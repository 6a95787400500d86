import { isNode, type SyntaxNode, visitNodes } from './syntax-tree.ts'

/** One use of a name of the scope; `member` is what is read from it (`steps.found` → `found`), null when computed or none. */
export interface Reference {
  root: string
  member: string | null
  start: number
  end: number
  /** Inside `default` or `has`, where a missing member is no failure. */
  isForgiven: boolean
}

/** Lists the uses of scope names in a parsed tree; variables of comprehensions and `cel.bind` are not such names. */
export function findReferences(tree: SyntaxNode, names: ReadonlySet<string>): Reference[] {
  const found = new Map<SyntaxNode, Reference>()
  const forgiven = new Set<SyntaxNode>()
  visitNodes(tree, (node, bound) => {
    if (isForgiving(node)) visitNodes((node.args as [string, SyntaxNode[]])[1][0]!, part => forgiven.add(part))
    if (node.op === '.' || node.op === '[]') noteMember(node, names, bound, found)
    if (isRoot(node, names, bound) && !found.has(node)) found.set(node, reference(node, null, node.end))
  })
  for (const [node, reference] of found) reference.isForgiven = forgiven.has(node)
  return [...found.values()]
}

function isForgiving({ op, args }: SyntaxNode): boolean {
  const name = op === 'call' ? (args as [string])[0] : ''
  return name === 'default' || name === 'has'
}

function noteMember(
  node: SyntaxNode,
  names: ReadonlySet<string>,
  bound: readonly string[],
  found: Map<SyntaxNode, Reference>,
): void {
  const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
  if (!isRoot(parent, names, bound)) return
  const literal = isNode(member) ? (member.op === 'value' ? member.args : null) : member
  found.set(parent, reference(parent, typeof literal === 'string' ? literal : null, node.end))
}

function isRoot(node: SyntaxNode, names: ReadonlySet<string>, bound: readonly string[]): boolean {
  return node.op === 'id' && names.has(node.args as string) && !bound.includes(node.args as string)
}

function reference(node: SyntaxNode, member: string | null, end: number): Reference {
  return { root: node.args as string, member, start: node.start, end, isForgiven: false }
}
