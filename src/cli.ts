#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=3 --no-parallel-scavenge --no-concurrent-recompilation
// No static imports: on a Node that is too old this file must run before anything native is loaded
// (better-sqlite3 13 ends a Node 20 process with a segmentation fault).
const REQUIRED = [22, 19] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `pixelesq-bridge needs Node ${REQUIRED.join('.')} or later, this is Node ${process.versions.node}: install a newer Node, or run it through the npm scripts of the repository, which bring their own\n`,
  )
  process.exitCode = 78
} else {
  const { runProgram } = await import('./cli/program.ts')
  process.exitCode = await runProgram(process.argv)
}

export {}
