/** The part of cel-js's syntax tree this folder works with (its type declarations leave `meta` out). */
export interface SyntaxNode {
  readonly op: string
  args: unknown
  /** Where it begins; of `a.b` that is where `a` does, and `pos` is where `b` does. */
  readonly start: number
  readonly end: number
  readonly pos: number
  readonly input: string
  /** What the type check chose to run; its arguments differ by `op`. */
  handle?: (...args: unknown[]) => unknown
  readonly meta: { alternate?: SyntaxNode; macro?: unknown; evaluate?: EvaluateNode }
  setMeta(key: string, value: unknown): SyntaxNode
}

export type EvaluateNode = (evaluator: Evaluator, node: SyntaxNode, context: unknown) => unknown

/** cel-js's evaluator as macros receive it. */
export interface Evaluator {
  run(node: SyntaxNode, context: unknown): unknown
  createError(code: string, message: string, node: SyntaxNode): Error
}

/** cel-js's type checker as macros receive it. */
export interface Checker {
  check(node: SyntaxNode, context: unknown): unknown
  getType(name: string): unknown
  createError(code: string, message: string, node: SyntaxNode): Error
}

/** A comprehension (`map`, `filter`, `all`, `exists`, `exists_one`) as cel-js expands it. */
export interface Comprehension {
  iterable: SyntaxNode
  iterVarName: string
  init: SyntaxNode
  step: SyntaxNode
}

/** Calls `enter` for every node that can be evaluated, with the names bound around it; parents come first. */
export function visitNodes(
  node: SyntaxNode,
  enter: (node: SyntaxNode, bound: readonly string[]) => void,
  bound: readonly string[] = [],
): void {
  enter(node, bound)
  const { alternate } = node.meta
  if (alternate !== undefined) {
    visitNodes(alternate, enter, bound)
    return
  }
  for (const child of childrenOf(node)) visitNodes(child.node, enter, [...bound, ...child.binds])
}

function childrenOf(node: SyntaxNode): { node: SyntaxNode; binds: readonly string[] }[] {
  if (node.op === 'comprehension') {
    const { iterable, iterVarName, step } = node.args as Comprehension
    return [
      { node: iterable, binds: [] },
      { node: step, binds: [iterVarName] },
    ]
  }
  if (isBind(node)) {
    const [name, value, body] = (node.args as [string, SyntaxNode, SyntaxNode[]])[2] as [
      SyntaxNode,
      SyntaxNode,
      SyntaxNode,
    ]
    return [
      { node: value, binds: [] },
      { node: body, binds: [String(name.args)] },
    ]
  }
  return collectNodes(node.args).map(child => ({ node: child, binds: [] }))
}

/** `cel.bind(name, value, body)` */
function isBind(node: SyntaxNode): boolean {
  return node.op === 'rcall' && node.meta.macro !== undefined && (node.args as [string])[0] === 'bind'
}

function collectNodes(args: unknown): SyntaxNode[] {
  if (Array.isArray(args)) return args.flatMap(collectNodes)
  return isNode(args) ? [args] : []
}

/** Says whether a value is a node (arguments also hold names and literals). */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'setMeta' in value
}
