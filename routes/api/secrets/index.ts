import type { FastifyInstance, FastifyRequest } from 'fastify'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { deletedAnswer, resealedAnswer, sealedAnswer, secretsAnswer } from '../../../src/admin/setup-answers.ts'
import { sealBody } from '../../../src/admin/setup-questions.ts'
import { toIso } from '../../../src/admin/view-job.ts'
import { NAME_PATTERN } from '../../../src/config/value-schemas.ts'
import { BridgeError } from '../../../src/errors.ts'
import { formatProblem } from '../../../src/mapping/problem.ts'
import { adminActor } from '../../../src/store/audit.ts'

/** Largest body in bytes: a secret of 64 KB, written with escapes. */
const BODY_BYTES_MAX = 524_288

type WithName = { Params: { name: string } }

/** `/api/secrets`: what is sealed in the store. A value goes in and never comes out. */
export default async function secretsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const { vault } = bridge

  app.get(
    '/',
    {
      config: {
        role: 'admin',
        doc: { summary: 'Sealed secrets, never their values', query: noQuery, answer: secretsAnswer },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const lines = await vault.list()
      return {
        secrets: lines.map(({ sealedAt, ...line }) => ({
          ...line,
          sealedAt: toIso(sealedAt),
          inUse: isInUse(line.name),
        })),
      }
    },
  )

  app.put<WithName>(
    '/:name',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'admin',
        doc: {
          summary: 'Seal a secret under a name, for "sealed:<name>"; one of that name is replaced',
          query: noQuery,
          body: sealBody,
          answer: sealedAnswer,
          errors: ['master_key_unusable', 'secrets_full', 'busy'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { name } = request.params
      if (!NAME_PATTERN.test(name))
        throw new BridgeError(
          'invalid_request',
          'name: expected lower-case letters, digits, "-" and "_", at most 64 characters',
        )
      const { value } = readRequest(sealBody, request.body)
      const { fingerprint } = await vault.seal(name, value, actorOf(request))
      bridge.log.info({ admin: request.admin!.name, secret: name }, 'a secret was sealed')
      return { name, fingerprint, ...(await putInForce('a secret was sealed')) }
    },
  )

  app.delete<WithName>(
    '/:name',
    {
      config: {
        role: 'admin',
        doc: {
          summary: 'Delete a sealed secret that the configuration does not name, or one that was captured',
          query: noQuery,
          answer: deletedAnswer,
          errors: ['not_found', 'secret_in_use'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { name } = request.params
      if (isInUse(name))
        throw new BridgeError('secret_in_use', 'The configuration names it: take "sealed:…" out of bridge.json first')
      await vault.delete(name, actorOf(request))
      bridge.log.info({ admin: request.admin!.name, secret: name }, 'a secret was deleted')
      return { name, ...(await putInForce('a secret was deleted')) }
    },
  )

  app.post(
    '/reseal',
    {
      config: {
        role: 'admin',
        doc: {
          summary: 'Seal all secrets anew with BRIDGE_MASTER_KEY_NEW, as the environment of the service has it',
          query: noQuery,
          answer: resealedAnswer,
          errors: ['master_key_unusable', 'busy'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const resealed = await vault.reseal(actorOf(request))
      bridge.log.info({ admin: request.admin!.name, ...resealed }, 'the secrets were sealed anew')
      return resealed
    },
  )

  function isInUse(name: string): boolean {
    return bridge.live.setup.config.sealed.names.has(name)
  }

  /** A value that is in the store counts from now on; where the files on disk are not valid, from when they are. */
  async function putInForce(reason: string): Promise<{ inForce: boolean; problems: string[] }> {
    const inForce = await bridge.reload(reason)
    return { inForce, problems: inForce ? [] : bridge.live.problems.map(formatProblem) }
  }
}

function actorOf({ admin }: FastifyRequest): string {
  return adminActor(admin!.name)
}
