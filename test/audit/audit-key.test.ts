import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fingerprintKey, parseAuditKey, readAuditKeyFile } from '../../src/audit/audit-key.ts'

// RFC 8032 7.1, test 1
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
const PUBLIC = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')
const SIGNATURE =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'

t.test('a key signs as RFC 8032 says', async t => {
  const key = parseAuditKey(SEED.toString('base64url'))!
  t.equal(key.publicKey, PUBLIC.toString('base64url'))
  t.equal(key.fingerprint, fingerprintKey(key.publicKey))
  t.match(key.fingerprint, /^[0-9a-f]{16}$/)
  t.equal(key.sign(Buffer.alloc(0)).toString('hex'), SIGNATURE)
  t.notMatch(JSON.stringify(key), SEED.toString('base64url'))
})

t.test('anything but 32 bytes in base64url is no key', async t => {
  const text = SEED.toString('base64url')
  for (const other of ['', text.slice(1), `${text}A`, `${text}=`, SEED.toString('hex'), `+${text.slice(1)}`])
    t.equal(parseAuditKey(other), null, other)
})

t.test('a file is made once, for its owner only', async t => {
  const file = join(t.testdir({}), 'key')
  const made = readAuditKeyFile(file)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(readAuditKeyFile(file).fingerprint, made.fingerprint)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, 'half')
  t.throws(() => readAuditKeyFile(file), { code: 'config_invalid', message: /found something else/ })
  writeFileSync(file, text.trim())
  t.equal(readAuditKeyFile(file).fingerprint, made.fingerprint)
})
