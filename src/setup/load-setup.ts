import { type Config, type ConfigInput, type ConfigRest, loadConfig } from '../config/load-config.ts'
import { checkMappings, type LoadContext } from '../mapping/load-mappings.ts'
import type { Problem } from '../mapping/problem.ts'
import { readMappingFiles } from '../mapping/read-mapping-files.ts'
import { findEventSchema } from '../mapping/typecheck/find-event-schema.ts'
import { compileSource } from '../source/compile-source.ts'
import { findClaimWarnings } from '../source/find-claim-warnings.ts'
import type { Source } from '../source/source.ts'
import type { Setup } from './setup.ts'

/** `config`: false where the configuration itself could not be read, so that nothing else was looked at. */
export type LoadedSetup = { ok: true; setup: Setup } | { ok: false; config: boolean; problems: readonly Problem[] }

/** Loads configuration, sources and mappings, and checks all of it; there is a setup only when nothing is wrong. */
export async function loadSetup(input: ConfigInput = {}, generation = 1): Promise<LoadedSetup> {
  const loaded = loadConfig(input)
  if (!loaded.ok) return { ok: false, config: false, problems: [...loaded.problems, ...(await checkRest(loaded.rest))] }
  const { config } = loaded
  const { sources, problems } = compileSources(config)
  const files = await readMappingFiles(config.mappingsFolder, config.schemaFile)
  const checked = checkMappings(files, {
    sources: new Set(config.sources.keys()),
    integrations: new Set(config.integrations.keys()),
    constants: config.constants,
    ...payloadContext(config),
  })
  const errors = [...problems, ...checked.problems.filter(problem => problem.severity === 'error')]
  if (errors.length > 0) return { ok: false, config: true, problems: errors }
  return {
    ok: true,
    setup: {
      generation,
      config,
      sources,
      mappings: new Map(checked.mappings.map(mapping => [mapping.name, mapping])),
      operations: checked.operations,
      warnings: [...findClaimWarnings(config.file, config.sources), ...checked.problems],
    },
  }
}

/** What else is wrong where the configuration is: all of it is told at once (interface.md 2). */
async function checkRest(rest: ConfigRest | null): Promise<readonly Problem[]> {
  if (rest === null) return []
  const sources = compileSources(rest).problems
  if (rest.mappingsFolder === null) return sources
  const { problems } = checkMappings(await readMappingFiles(rest.mappingsFolder), {
    sources: new Set(rest.sourceNames),
    integrations: new Set(rest.integrationNames),
    constants: rest.constants,
  })
  return [...sources, ...problems.filter(problem => problem.severity === 'error')]
}

/** A source with an event type of its own names its events otherwise than the sender's schema does. */
function payloadContext(config: Config): Required<Pick<LoadContext, 'presets' | 'findEventSchema'>> {
  const named = [...config.sources.values()].filter(({ eventType, preset }) => eventType === preset.eventType)
  return {
    presets: new Map(named.map(({ name, preset }) => [name, preset.name])),
    findEventSchema: preset => findEventSchema(preset, [config.mappingsFolder, config.folder]),
  }
}

function compileSources(config: Pick<Config, 'file' | 'sources' | 'limits'>): {
  sources: Map<string, Source>
  problems: Problem[]
} {
  const sources = new Map<string, Source>()
  const problems: Problem[] = []
  for (const [name, source] of config.sources) {
    const compiled = compileSource(source, config.limits.jsonDepthMax)
    if (compiled.ok) sources.set(name, compiled.source)
    else {
      for (const { pointer, message, expected, found, suggestion } of compiled.problems) {
        problems.push({
          file: config.file,
          pointer: `/sources/${name}${pointer}`,
          line: null,
          column: null,
          severity: 'error',
          code: 'expression',
          message,
          expected: expected ?? null,
          found: found ?? null,
          suggestion: suggestion ?? null,
        })
      }
    }
  }
  return { sources, problems }
}
