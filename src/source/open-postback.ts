import { createPostback, type Postback } from '../verify/postback.ts'
import { callPostback } from './call-postback.ts'

/** APIs that are kept, by their address; more than this is a test. */
const POSTBACKS_MAX = 64
const postbacks = new Map<string, Postback>()

/** Opens the API at an address that a source names; sources share it, and a reload of the configuration keeps what it knows. */
export function openPostback(endpoint: string): Postback {
  const present = postbacks.get(endpoint)
  if (present !== undefined) return present
  if (postbacks.size >= POSTBACKS_MAX) postbacks.clear()
  const postback = createPostback((path, headers, body) => callPostback(endpoint, path, headers, body))
  postbacks.set(endpoint, postback)
  return postback
}
