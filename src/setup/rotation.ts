/** What came of asking for a rotation. `message`: for people, without a token. */
export type Rotation =
  | { ok: true; changed: boolean; fingerprint: string; message: string }
  | { ok: false; reason: 'not_found' | 'token_unreadable' | 'token_not_accepted'; message: string }
