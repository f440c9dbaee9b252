// Holds the rules of `npm run check` that are our own code to small texts: planted violations are reported, clean text is not.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { cloneDir } from '../../dev/clone.ts'
import { forbiddenWords } from '../../dev/forbidden-words.ts'
import { lockProblems } from '../../dev/lock-rule.ts'
import { valueAt } from '../world/chat.ts'

// Put together here, so that the repository's own check finds nothing in this file.
const path = (...parts: string[]) => parts.join('/')

describe('the check for words that must not stand in the repository', () => {
  test.each([
    [path('..', 'shared', 'NOTES.md')],
    [path('', 'home', 'ada', 'sluice')],
    [path('', 'Users', 'ada')],
    [`see "${path('', 'root', '.config')}"`],
  ])('reports %s with file and line', (words) => {
    expect(forbiddenWords('docs/a.md', `Fine.\n${words}\n`)).toEqual([
      expect.stringMatching(/^docs\/a\.md:2: /),
    ])
  })

  test.each([
    ['/tmp/sluice-1'],
    ['https://example.com/home/page'],
    ['src/worker.ts'],
    ['#ledger/book.ts'],
    ['~/work/it'],
  ])('leaves %s alone', (words) => expect(forbiddenWords('docs/a.md', words)).toEqual([]))
})

describe('the lock rule', () => {
  const tool = {
    version: '1.0.0',
    optionalDependencies: {
      '@tool/linux-x64-gnu': '1.0.0',
      '@tool/darwin-arm64': '1.0.0',
      '@tool/win32-x64-msvc': '1.0.0',
    },
  }
  const lockOf = (packages: object) =>
    JSON.stringify({ packages: { '': {}, 'node_modules/tool': tool, ...packages } })

  test('accepts a package whose macOS and Windows binaries are locked', () => {
    const binaries = {
      'node_modules/@tool/darwin-arm64': {},
      'node_modules/tool/node_modules/@tool/win32-x64-msvc': {},
    }
    expect(lockProblems(lockOf(binaries))).toEqual([])
  })

  test('reports the binary that is missing', () => {
    expect(lockProblems(lockOf({ 'node_modules/@tool/darwin-arm64': {} }))).toEqual([
      expect.stringContaining('@tool/win32-x64-msvc'),
    ])
  })

  test('reports an entry that names a registry host', () => {
    const resolved = { 'node_modules/a': { version: '1.0.0', resolved: 'https://registry.example/a.tgz' } }
    const binaries = { 'node_modules/@tool/darwin-arm64': {}, 'node_modules/@tool/win32-x64-msvc': {} }
    expect(lockProblems(lockOf({ ...resolved, ...binaries }))).toEqual([
      expect.stringContaining('"resolved"'),
    ])
  })

  test('leaves a package without binaries alone', () => {
    expect(
      lockProblems(JSON.stringify({ packages: { 'node_modules/plain': { version: '1.0.0' } } })),
    ).toEqual([])
  })
})

// Tests that stand beside the SDKs would get their copies instead of those that the world's clients are made of.
test('the lock of the SDKs hides no package that the root depends on', () => {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(cloneDir, file), 'utf8'))
  const root = read('package.json')
  const roots = Object.keys(
    Object.assign({}, valueAt(root, 'dependencies'), valueAt(root, 'devDependencies')),
  )
  const own = valueAt(read('test/sdk/package-lock.json'), 'packages')
  expect(roots.length).toBeGreaterThan(0)
  expect(roots.filter((name) => valueAt(own, `node_modules/${name}`) !== undefined)).toEqual([])
})
