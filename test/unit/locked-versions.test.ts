// Reads package-lock.json for versions that must not be locked. Not the platform rule, which the driver tests hold.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const oldestHonoWithoutKnownBypasses = '4.12.21'

type Lock = { packages: { [path: string]: { version?: string } } }

// Cases: billing-bugs 66
test('every locked copy of the web framework is a version without its known bypasses', () => {
  const lock: Lock = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8'))
  const copies = Object.entries(lock.packages).filter(([path]) => /(?:^|\/)node_modules\/hono$/.test(path))
  expect(copies.length).toBeGreaterThan(0)
  for (const [path, { version = '0.0.0' }] of copies) {
    expect(`${path} ${isAtLeast(version, oldestHonoWithoutKnownBypasses)}`).toBe(`${path} true`)
  }
})

test.each([
  ['4.12.21', true],
  ['4.13.0', true],
  ['5.0.0', true],
  ['4.12.20', false],
  ['4.9.99', false],
  ['3.99.99', false],
])('version %s passes the gate: %s', (version, passes) => {
  expect(isAtLeast(version, oldestHonoWithoutKnownBypasses)).toBe(passes)
})

function isAtLeast(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  const difference = (a ?? []).map((part, index) => part - (b?.[index] ?? 0)).find((part) => part !== 0)
  return (difference ?? 0) >= 0
}
