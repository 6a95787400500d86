import v8 from 'node:v8'

/**
 * Turns V8's two quick compilers off, which cost a service 19 MB (docs/decisions/0010): what runs often is compiled by
 * TurboFan anyway. A flag that a later Node does not know has no effect.
 */
export function dropQuickCompilers(): void {
  for (const flag of ['--no-sparkplug', '--no-maglev']) v8.setFlagsFromString(flag)
}
