/** One component of a message that is signed. */
export interface Component {
  /** Lower case, without quotes. */
  name: string
  /** Its parameters as they are written, `;name="Pet"`; empty for most. */
  parameters: string
}

/** What a signature says of itself. */
export interface SignatureInput {
  label: string
  components: readonly Component[]
  parameters: ReadonlyMap<string, string | number | true>
  /** All of it behind the label, byte for byte: this is signed too. */
  text: string
}

const MEMBERS_MAX = 10
const COMPONENTS_MAX = 32
const KEY = '[a-z*][a-z0-9_.*-]{0,63}'
const STRING = '"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\])*"'
const LABEL = new RegExp(`(${KEY})=`, 'y')
const ITEM = new RegExp(`(${STRING})((?:;${KEY}(?:=${STRING})?)*)`, 'y')
const PARAMETER = new RegExp(
  `;(${KEY})(?:=(${STRING}|-?[0-9]{1,15}|[A-Za-z*][A-Za-z0-9!#$%&'*+.^_\`|~:/-]*|:[A-Za-z0-9+/=]*:|\\?[01]))?`,
  'y',
)
const SEPARATOR = /,[ \t]*/y

/**
 * Reads `Signature-Input` (RFC 9421 4.1): a dictionary of inner lists (RFC 9651). Taken is only the one way in which its
 * values are written, for what is signed is that writing. Null where it is none, or a label comes twice.
 */
export function readSignatureInputs(header: string): readonly SignatureInput[] | null {
  const inputs: SignatureInput[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  while (inputs.length < MEMBERS_MAX) {
    const label = take(LABEL)?.[1]
    if (label === undefined || inputs.some(input => input.label === label)) return null
    const start = at
    const components = readComponents(take, () => header[at++])
    const parameters = components === null ? null : readParameters(take)
    if (components === null || parameters === null) return null
    inputs.push({ label, components, parameters, text: header.slice(start, at) })
    if (at === header.length) return inputs
    if (take(SEPARATOR) === null) return null
  }
  return null
}

function readComponents(
  take: (pattern: RegExp) => RegExpExecArray | null,
  next: () => string | undefined,
): readonly Component[] | null {
  if (next() !== '(') return null
  const components: Component[] = []
  for (;;) {
    const item = take(ITEM)
    if (item === null) return components.length === 0 && next() === ')' ? components : null
    const component = { name: item[1]!.slice(1, -1), parameters: item[2]! }
    const isRepeated = components.some(
      ({ name, parameters }) => name === component.name && parameters === component.parameters,
    )
    if (isRepeated || components.length >= COMPONENTS_MAX) return null
    components.push(component)
    const separator = next()
    if (separator === ')') return components
    if (separator !== ' ') return null
  }
}

function readParameters(take: (pattern: RegExp) => RegExpExecArray | null): SignatureInput['parameters'] | null {
  const parameters = new Map<string, string | number | true>()
  for (let match = take(PARAMETER); match !== null; match = take(PARAMETER)) {
    const [, name, value] = match
    if (parameters.has(name!)) return null
    parameters.set(name!, readValue(value))
  }
  return parameters
}

function readValue(value: string | undefined): string | number | true {
  if (value === undefined) return true
  if (/^-?[0-9]+$/.test(value)) return Number(value)
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value
}

const SIGNATURE = new RegExp(`^(${KEY})=:([A-Za-z0-9+/=]{4,2732}):$`)

/** Reads `Signature` (RFC 9421 4.2): the signatures by their labels, in base64. Null where it is none. */
export function readSignatures(header: string): ReadonlyMap<string, string> | null {
  const signatures = new Map<string, string>()
  const members = header.split(/,[ \t]*/, MEMBERS_MAX + 1)
  if (members.length > MEMBERS_MAX) return null
  for (const member of members) {
    const match = SIGNATURE.exec(member)
    if (match === null || signatures.has(match[1]!)) return null
    signatures.set(match[1]!, match[2]!)
  }
  return signatures
}
