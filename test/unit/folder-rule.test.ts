// Plants violations of the folder rule and of the bans in a small copy of the tree, and sees the linter report each one
// under our own configuration. Not a test of the real tree: `npm run check` lints that.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

type Plant = { file: string; text: string; rule: string; says?: string }

const planted: readonly Plant[] = [
  forbiddenImport('src/gateway/reads-db.ts', '#db/client.ts', 'gateway/ may import'),
  forbiddenImport('src/gateway/reads-settlement.ts', '#settlement/consumer.ts', 'gateway/ may import'),
  forbiddenImport('src/core/reads-ledger.ts', '#ledger/book.ts', 'core/ may import'),
  forbiddenImport('src/ledger/reads-gateway.ts', '#gateway/relay.ts', 'ledger/ may import'),
  forbiddenImport('src/ledger/reads-env.ts', '#env.ts', 'Only src/worker.ts'),
  forbiddenImport('src/sse/reads-catalog.ts', '#catalog/price.ts', 'sse/ may import'),
  forbiddenImport('src/ledger/climbs.ts', '../core/money.ts', 'Import other folders as'),
  forbiddenImport('src/ledger/goes-round.ts', '#ledger/book.ts', 'its own files as ./file.ts'),
  forbiddenImport('src/gateway/talks-to-upstash.ts', '@upstash/redis', 'Upstash is imported by limits/'),
  forbiddenImport(
    'src/settlement/talks-to-neon.ts',
    '@neondatabase/serverless',
    'The Neon driver is imported by db/',
  ),
  forbiddenImport('src/console/talks-to-stripe.ts', 'stripe', 'Stripe is imported by payments/'),
  forbiddenImport('src/payments/signs.ts', 'standardwebhooks', 'Standard Webhooks are signed in notices/'),
  forbiddenImport('src/gateway/reads-payments.ts', '#payments/provider.ts', 'gateway/ may import'),
  {
    file: 'src/core/imports-type.ts',
    text: "import type { Book } from '#ledger/book.ts'\n\nexport type Copy = Book\n",
    rule: 'no-restricted-imports',
    says: 'core/ may import',
  },
  {
    file: 'src/ledger/ring-a.ts',
    text: "import { b } from './ring-b.ts'\n\nexport const a = () => b\n",
    rule: 'no-cycle',
  },
  {
    file: 'src/ledger/ring-b.ts',
    text: "import { a } from './ring-a.ts'\n\nexport const b = () => a\n",
    rule: 'no-cycle',
  },
  {
    file: 'src/ledger/type-ring-a.ts',
    text: "import type { B } from './type-ring-b.ts'\n\nexport type A = { b: B | null }\n",
    rule: 'no-cycle',
  },
  {
    file: 'src/ledger/type-ring-b.ts',
    text: "import type { A } from './type-ring-a.ts'\n\nexport type B = { a: A | null }\n",
    rule: 'no-cycle',
  },
  banned('src/ledger/reads-clock.ts', 'Date.now()', 'Time comes in'),
  banned('src/ledger/makes-uuid.ts', 'crypto.randomUUID()', 'Random bytes come in'),
  banned('src/gateway/rolls-dice.ts', 'Math.random()', 'Random bytes come in'),
  banned('src/catalog/rounds.ts', '(1.25).toFixed(1)', 'Exact money'),
  banned('src/worker.ts', '(1.25).toFixed(1)', 'Exact money'),
  {
    file: 'src/catalog/floats.ts',
    text: "export const x = parseFloat('1.5')\n",
    rule: 'no-restricted-globals',
  },
  {
    file: 'src/ledger/asserts.ts',
    text: 'export const f = (x: string | null) => x!\n',
    rule: 'no-non-null-assertion',
  },
  {
    file: 'src/ledger/anything.ts',
    text: 'export const f = (x: any): string => String(x)\n',
    rule: 'no-explicit-any',
  },
  {
    file: 'src/ledger/floats-away.ts',
    text: 'const work = async () => 1\n\nexport function f(): void {\n  work()\n}\n',
    rule: 'no-floating-promises',
  },
]

const allowed: readonly { file: string; text: string }[] = [
  { file: 'src/core/money.ts', text: 'export const zero = 0\n' },
  {
    file: 'src/ledger/book.ts',
    text: "import { zero } from '#core/money.ts'\n\nexport type Book = { sum: number }\n\nexport const book: Book = { sum: zero }\n",
  },
  { file: 'src/ledger/account-reads.ts', text: 'export const now = () => Date.now()\n' },
  { file: 'src/ledger/clock.test.ts', text: 'export const now = () => Date.now()\n' },
]

type Report = { filename: string; code: string; message: string; help?: string }

describe('the linter', () => {
  let copy = ''
  let reports: readonly Report[] = []

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'sluice-folder-rule-'))
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      cpSync(join(root, file), join(copy, file))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const { file, text } of [...planted, ...allowed]) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), text)
    }
    const run = spawnSync(
      process.execPath,
      [join(root, 'node_modules/oxlint/bin/oxlint'), '--format=json', 'src'],
      {
        cwd: copy,
        encoding: 'utf8',
      },
    )
    reports = readReports(run.stdout)
  }, 30_000)

  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  test.each(planted.map((plant) => [plant.rule, plant.file, plant] as const))(
    'reports %s in %s',
    (_rule, _file, plant) => {
      const found = reports.filter(
        (report) => report.filename === plant.file && report.code.includes(plant.rule),
      )
      expect(found.map((report) => `${report.message} ${report.help ?? ''}`)).toEqual([
        expect.stringContaining(plant.says ?? ''),
      ])
    },
  )

  test.each(allowed.map(({ file }) => [file]))('has nothing to say about %s', (file) => {
    expect(reports.filter((report) => report.filename === file)).toEqual([])
  })
})

test('every folder of src has a rule that says what it may import', () => {
  const config = readFileSync(join(root, '.oxlintrc.json'), 'utf8')
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  expect(folders.filter(({ name }) => !config.includes(`"src/${name}/**"`)).map(({ name }) => name)).toEqual(
    [],
  )
})

function forbiddenImport(file: string, from: string, says: string): Plant {
  return {
    file,
    text: `import * as it from '${from}'\n\nexport const x = it\n`,
    rule: 'no-restricted-imports',
    says,
  }
}

function banned(file: string, expression: string, says: string): Plant {
  return { file, text: `export const x = () => ${expression}\n`, rule: 'no-restricted-properties', says }
}

function readReports(output: string): Report[] {
  const parsed: { diagnostics: Report[] } = JSON.parse(output)
  return parsed.diagnostics
}
