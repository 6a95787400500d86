import type { HeadScheme } from './scheme.ts'
import type { Verified } from './verification.ts'

const UNCHECKED: Verified = { ok: true, secretIndex: -1, signedAt: null, replayKey: null }

/** Compiles the scheme that checks nothing; a source must say `"unsigned": true` to get it. */
export function compileNone(): HeadScheme {
  return {
    kind: 'none',
    headersOnly: true,
    bindsBody: false,
    unsigned: true,
    verify: () => ({ ...UNCHECKED }),
    verifyHead: () => ({ ...UNCHECKED }),
    sign: () => ({}),
  }
}
