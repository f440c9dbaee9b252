// Runs what README.md shows: the lines with the official `openai` package, as they stand there, against the product.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

import { sharedWorld } from '../world/shared-world.ts'

const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const run = promisify(execFile)

// Requirements: 39
test('the lines of the README stream an answer and see its cost with only base URL and key changed', async () => {
  const { apiKey } = await sharedWorld().newAccount()
  const lines = /```js\n([^]*?)```/.exec(readme)?.[1] ?? ''
  const code = lines
    .replace('http://127.0.0.1:8787', sharedWorld().baseUrl)
    .replace('sk-sluice-…', apiKey)
    .replace(
      "process.stdout.write(chunk.choices[0]?.delta.content ?? '')",
      'console.log(JSON.stringify(chunk))',
    )
  const folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'hello.mjs'), code)
  const { stdout } = await run(process.execPath, ['hello.mjs'], { cwd: folder })
  rmSync(folder, { recursive: true })
  const chunks: { choices: { delta: { content?: string } }[]; usage?: { cost?: number } }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('Hello!')
  expect(chunks.at(-1)?.usage?.cost).toBeGreaterThan(0)
})

test('the number of models that the README names is the number in the catalog', async () => {
  const response = await fetch(`${sharedWorld().baseUrl}/v1/models`)
  const { data }: { data: unknown[] } = JSON.parse(await response.text())
  expect(readme).toContain(`: ${data.length} models`)
})
