// Holds the documents to the repository: links lead somewhere, commands exist, named files are there, and the table of
// folders says what the linter enforces.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const documents = globSync('{*.md,docs/**/*.md,bench/*.md}', { cwd: root }).toSorted()
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')

describe.each(documents.map((file) => [file]))('%s', (file) => {
  test('links only to files that are there', () => {
    const targets = all(read(file), /\]\((?!https?:|#|mailto:)([^)#\s]+)/g)
    expect(targets.filter((target) => !existsSync(join(root, dirname(file), target)))).toEqual([])
  })

  test('names only commands that package.json has', () => {
    const { scripts }: { scripts: { [name: string]: string } } = JSON.parse(read('package.json'))
    const commands = all(read(file), /npm run ([a-z][a-z:-]*)/g)
    expect(commands.filter((command) => !(command in scripts))).toEqual([])
  })
})

describe('docs/ARCHITECTURE.md', () => {
  const page = read('docs/ARCHITECTURE.md')

  test('names only files that src has', () => {
    const files = globSync('src/**/*.ts', { cwd: root })
    const named = all(page, /`((?:[a-z-]+\/)?[a-z-]+\.ts)`/g)
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([])
  })

  test('says of each folder what the linter lets it import', () => {
    const told = new Map(
      [...page.matchAll(/^\| `([a-z]+)\/` \|[^|]*\| ([^|]+) \|$/gm)].map(([, folder = '', may = '']) => [
        folder,
        may === '–' ? [] : may.split(', ').toSorted(),
      ]),
    )
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(enforcedImports()))
  })
})

type Override = {
  files: string[]
  rules: { 'no-restricted-imports'?: [string, { patterns: { group?: string[] }[] }] }
}

/** Folder → the folders that its rule excepts. */
function enforcedImports(): Map<string, string[]> {
  const { overrides }: { overrides: Override[] } = JSON.parse(read('.oxlintrc.json'))
  return new Map(
    overrides.flatMap(({ files, rules }) => {
      const group = rules['no-restricted-imports']?.[1].patterns.find(
        (pattern) => pattern.group !== undefined,
      )?.group
      const folder = /^src\/(\w+)\/\*\*$/.exec(files[0] ?? '')?.[1]
      if (group === undefined || folder === undefined) return []
      return [[folder, all(group.join('\n'), /^!#(\w+)\/\*\*$/gm).toSorted()] as const]
    }),
  )
}
