import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageFolder } from '../config/package-folder.ts'
import { cliError, EXIT } from './exit.ts'

const BRIDGE_JSON = {
  $comment:
    'Secrets are only named here (env:NAME or file:/path) and stand in .env. Every key: schema/bridge.schema.json of the package.',
  listen: { host: '127.0.0.1', port: 8787 },
  store: 'sqlite:data/bridge.db',
  mappings: 'mappings',
  pixelesq: { endpoint: 'https://api.pixelesq.com/graphql' },
  constants: { projectId: 'prj_…', statusPageId: 'pg_…' },
  integrations: {
    ci: {
      $comment: 'One integration = one purpose = one API token. The limits are hard caps.',
      token: 'env:PIXELESQ_TOKEN_CI',
      purpose: 'Publish pages when CI passes',
      rateLimit: { perMinute: 60, perDay: 10_000 },
      concurrency: 4,
    },
  },
  sources: {
    github: {
      $comment: 'POST https://<your host>/hooks/github, content type application/json, with this secret',
      scheme: 'github',
      secrets: ['env:GITHUB_WEBHOOK_SECRET'],
    },
  },
}

const MAPPING = {
  $schema: './schema.json',
  description: 'Publish the status page when CI on main succeeds',
  source: 'github',
  on: ['workflow_run.completed'],
  when: "payload.workflow_run.conclusion == 'success' && payload.workflow_run.head_branch == 'main'",
  integration: 'ci',
  order: '${payload.repository.full_name}',
  action: 'publishPage',
  with: { projectId: '${constants.projectId}', pageId: '${constants.statusPageId}' },
}

const ENV_EXAMPLE = `# Copy to .env and fill in; .env is read at start and on every change, and belongs into no repository.
# A secret has at least 16 bytes: openssl rand -hex 32

# API token of the integration "ci": Pixelesq > profile > API Tokens. Make one token per integration.
PIXELESQ_TOKEN_CI=

# The secret of the webhook at GitHub: Settings > Webhooks
GITHUB_WEBHOOK_SECRET=
`

/** Writes a starting configuration into the current folder; files that are there stay unless `force` is given. */
export function init({ force = false }: { force?: boolean }): number {
  const files: Record<string, string> = {
    'bridge.json': `${JSON.stringify(BRIDGE_JSON, null, 2)}\n`,
    'mappings/publish-on-ci.json': `${JSON.stringify(MAPPING, null, 2)}\n`,
    'mappings/schema.json': readFileSync(join(packageFolder(), 'mappings', 'schema.json'), 'utf8'),
    '.env.example': ENV_EXAMPLE,
  }
  const present = Object.keys(files).filter(file => existsSync(file))
  if (present.length > 0 && !force)
    throw cliError(
      EXIT.failed,
      `${present.join(', ')}: already there; nothing was written (begin in an empty folder, or --force writes over them)`,
    )
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    process.stdout.write(`${file}: written\n`)
  }
  process.stdout.write(
    'Next: copy .env.example to .env, fill it in, then `pixelesq-bridge check` and `pixelesq-bridge start`\n',
  )
  return EXIT.done
}
