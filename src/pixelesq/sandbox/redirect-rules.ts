import { normalizePath } from './addresses.ts'
import { type Answer, apply, refuse } from './answer.ts'
import { addressKey, type Model, nextId, type Redirect } from './model.ts'

/** Redirects followed when looking for a loop; a longer chain is refused as one. */
const REDIRECT_HOPS_MAX = 100

export interface RedirectInput {
  source: string
  destination: string
  permanent?: boolean | null | undefined
  description?: string | null | undefined
}

/** Makes a redirect, live at once. A taken source is refused, so a retry after a lost answer cannot make a second one. */
export function createRedirect(model: Model, projectId: string, input: RedirectInput): Answer<Redirect> {
  if (!model.projects.has(projectId)) return refuse('NOT_FOUND', 'Project not found.')
  const source = normalizePath(input.source)
  if (source === null) return refuse('VALIDATION_FAILED', 'The source must be a path of the site.')
  const destination = normalizeDestination(input.destination)
  if (destination === null) return refuse('VALIDATION_FAILED', 'The destination must be a path or an http(s) address.')
  if (model.activeRedirectBySource.has(addressKey(projectId, source))) {
    return refuse('CONFLICT', 'An active redirect for this source exists.')
  }
  if (makesLoop(model, projectId, source, destination))
    return refuse('VALIDATION_FAILED', 'The redirect would make a loop.')
  const { permanent, description } = input
  return apply(
    activateRedirect(model, {
      projectId,
      source,
      destination,
      permanent: permanent ?? true,
      description: description ?? null,
    }),
  )
}

export function deleteRedirect(model: Model, redirectId: string): Answer<Redirect> {
  const redirect = model.redirects.get(redirectId)
  if (redirect === undefined) return refuse('NOT_FOUND', 'Redirect not found.')
  model.redirects.delete(redirectId)
  if (redirect.active) model.activeRedirectBySource.delete(addressKey(redirect.projectId, redirect.source))
  return apply(redirect)
}

/** Puts a checked redirect in force. */
export function activateRedirect(model: Model, redirect: Omit<Redirect, 'id' | 'active'>): Redirect {
  const made: Redirect = { id: nextId(model, 'rdr'), ...redirect, active: true }
  model.redirects.set(made.id, made)
  model.activeRedirectBySource.set(addressKey(made.projectId, made.source), made.id)
  return made
}

function normalizeDestination(text: string): string | null {
  if (!/^https?:\/\//.test(text)) return normalizePath(text)
  return URL.canParse(text) ? text : null
}

function makesLoop(model: Model, projectId: string, source: string, destination: string): boolean {
  let path = destination
  for (let hops = 0; hops < REDIRECT_HOPS_MAX; hops += 1) {
    if (path === source) return true
    const next = model.redirects.get(model.activeRedirectBySource.get(addressKey(projectId, path)) ?? '')
    if (next === undefined) return false
    path = next.destination
  }
  return true
}
