import type { ReconcileConfig } from '../reconcile/reconcile-config.ts'
import { findSenderApi, RECONCILED } from '../reconcile/sender-apis.ts'
import { describeFound } from '../verify/scheme-problem.ts'
import type { ConfigFinding } from './problem.ts'
import { ENDPOINT, readEndpoint } from './read-endpoint.ts'
import type { ReadContext } from './read-integration.ts'
import { resolveSecret } from './resolve-secret.ts'
import type { ReconcileFile } from './source-schema.ts'

/** Reads `reconcile` of a source whose sender is `preset` (null where its scheme is not understood). */
export function readReconcile(
  preset: string | null,
  file: ReconcileFile | undefined,
  pointer: string,
  { env, folder }: ReadContext,
): { value: ReconcileConfig | null; problems: ConfigFinding[] } {
  if (file === undefined) return { value: null, problems: [] }
  const problems: ConfigFinding[] = []
  const miss = (key: string, expected: string, found: unknown): void => {
    problems.push({ pointer: pointer + key, expected, found: describeFound(found) })
  }
  const token = resolveSecret(file.token, env, folder, false)
  if (!token.ok) problems.push({ pointer: `${pointer}/token`, expected: token.expected, found: token.found })
  const api = preset === null ? null : findSenderApi(preset)
  if (preset !== null && api === null) {
    const expected = `no "reconcile": only ${RECONCILED.join(', ')} tell what they could not deliver`
    return { value: null, problems: [{ pointer, expected, found: `the scheme "${preset}"` }, ...problems] }
  }
  if (api === null) return { value: null, problems }

  const endpoint = readEndpoint(file.endpoint ?? api.endpoint)
  if (endpoint === null) miss('/endpoint', ENDPOINT, file.endpoint)
  const hook = api.readHook(file.hook)
  if (hook === null) miss('/hook', api.hookExpected, file.hook)
  const isApp = hook === 'app/hook'
  if (isApp !== (file.appId !== undefined))
    miss(
      '/appId',
      isApp ? 'the id of the GitHub App beside the hook "app"' : 'no appId but for the hook "app"',
      file.appId,
    )
  if (file.types !== undefined && !api.takesTypes)
    miss('/types', 'no types: this sender cannot be asked for some of them', file.types)
  const tokenProblem = token.ok ? api.findTokenProblem(token.value, isApp) : null
  if (tokenProblem !== null)
    problems.push({
      pointer: `${pointer}/token`,
      expected: `${tokenProblem} in ${file.token}`,
      found: 'something else',
    })
  if (problems.length > 0 || !token.ok || endpoint === null || hook === null) return { value: null, problems }
  const { appId = null, types = null } = file
  return { value: { token: token.value, endpoint, hook, appId, types }, problems: [] }
}
