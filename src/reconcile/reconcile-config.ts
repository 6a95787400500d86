/** Where a source asks its sender what could not be delivered. */
export interface ReconcileConfig {
  /** Token or key for the API. Never logged, stored or put into a message. */
  token: string
  endpoint: URL
  /** Path of the webhook below the endpoint, without slashes around it; empty where the sender knows none. */
  hook: string
  /** The GitHub App whose private key the token is; null elsewhere. */
  appId: string | null
  /** Event types asked for; null = all. */
  types: readonly string[] | null
}
