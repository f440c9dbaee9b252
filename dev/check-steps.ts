// The steps of `npm run check`, cheapest first. A step answers with its problems as text; none means that it passes.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { providerVariables } from '#catalog/provider-table.ts'
import { bundleResult, bundleSizes } from './bundle-size.ts'
import { cloneDir } from './clone.ts'
import { environmentDifferences } from './environment-names.ts'
import { forbiddenWords } from './forbidden-words.ts'
import { lockProblems } from './lock-rule.ts'

type StepResult = { problems: readonly string[]; note?: string }
type CheckStep = { name: string; run(): StepResult | Promise<StepResult> }

const commandMsMax = 120_000

export const checkSteps: readonly CheckStep[] = [
  { name: 'format', run: () => command('oxfmt', ['--check', '.']) },
  { name: 'words', run: checkWords },
  { name: 'lock', run: checkLocks },
  { name: 'environment', run: checkEnvironment },
  { name: 'cases', run: () => command(process.execPath, ['dev/cases.ts', '--json'], 'errors only') },
  { name: 'lint', run: () => command('oxlint', []) },
  { name: 'types', run: () => command('tsc', ['-p', 'tsconfig.json']) },
  { name: 'test types', run: () => command('tsc', ['-p', 'test/tsconfig.json']) },
  { name: 'simulation types', run: () => command('tsc', ['-p', 'test/simulation/tsconfig.json']) },
  { name: 'migrations', run: checkMigrations },
  { name: 'bundle', run: checkBundle },
]

function checkLocks(): StepResult {
  const locks = [
    'package-lock.json',
    'test/sdk/package-lock.json',
    'test/counting/tokenizers/package-lock.json',
    'test/conform/schemas/package-lock.json',
  ]
  return {
    problems: locks.flatMap((lock) => lockProblems(read(lock)).map((problem) => `${lock}: ${problem}`)),
  }
}

function checkWords(): StepResult {
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: cloneDir,
    encoding: 'utf8',
  })
  // A tree without git (a release archive) is read whole, without what is installed or generated.
  const files =
    listed.status === 0
      ? listed.stdout.split('\0').filter((file) => file !== '' && existsSync(join(cloneDir, file)))
      : globSync('{*,{src,test,dev,bench,docs,migrations}/**/*}', { cwd: cloneDir })
  const texts = files.filter((file) => statSync(join(cloneDir, file)).isFile())
  return {
    problems: texts.flatMap((file) => forbiddenWords(file, read(file))),
    note: `${texts.length} files`,
  }
}

function checkEnvironment(): StepResult {
  const devVarsExample = existsSync(join(cloneDir, '.dev.vars.example')) ? read('.dev.vars.example') : ''
  const texts = { envTs: read('src/env.ts'), wranglerToml: read('wrangler.toml'), devVarsExample }
  return { problems: environmentDifferences({ ...texts, providerVariables }) }
}

/** Generates into a copy: a schema that is ahead of its migrations shows as a new file there. */
function checkMigrations(): StepResult {
  const copy = '.sluice/check-migrations'
  rmSync(join(cloneDir, copy), { recursive: true, force: true })
  cpSync(join(cloneDir, 'migrations'), join(cloneDir, copy), { recursive: true })
  const schema = ['--dialect', 'postgresql', '--schema', 'src/db/*schema.ts', '--out', copy]
  const { problems } = command('drizzle-kit', ['generate', ...schema])
  const before = readdirSync(join(cloneDir, 'migrations'))
  const after = readdirSync(join(cloneDir, copy))
  rmSync(join(cloneDir, copy), { recursive: true, force: true })
  const isBehind = after.length > before.length
  const advice = 'src/db/ is ahead of migrations/: run "npx drizzle-kit generate --name what_is_new"'
  return { problems: isBehind ? [...problems, advice] : problems, note: `${before.length - 1} in order` }
}

/** What `wrangler deploy` would upload, built the same way and not uploaded. */
function checkBundle(): StepResult {
  const folder = '.sluice/check-bundle'
  rmSync(join(cloneDir, folder), { recursive: true, force: true })
  mkdirSync(join(cloneDir, '.sluice'), { recursive: true })
  const { problems } = command('wrangler', ['deploy', '--dry-run', '--metafile', '--outdir', folder])
  if (problems.length > 0) return { problems }
  return bundleResult(bundleSizes(join(cloneDir, folder)))
}

/** Runs a tool of node_modules; its output is the problem where it fails. */
function command(
  tool: string,
  parameters: readonly string[],
  output: 'all' | 'errors only' = 'all',
): StepResult {
  const binaries = join(cloneDir, 'node_modules/.bin')
  const run = spawnSync(tool, parameters, {
    cwd: cloneDir,
    encoding: 'utf8',
    timeout: commandMsMax,
    env: {
      ...process.env,
      PATH: `${binaries}:${process.env['PATH'] ?? ''}`,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      NO_COLOR: '1',
    },
  })
  if (run.status === 0) return { problems: [] }
  const said = `${output === 'all' ? run.stdout : ''}${run.stderr}`.trim()
  const ended = run.error?.message ?? `exit code ${run.status}`
  return { problems: [said === '' ? `${tool} ${parameters.join(' ')}: ${ended}` : said] }
}

function read(file: string): string {
  return readFileSync(join(cloneDir, file), 'utf8')
}
