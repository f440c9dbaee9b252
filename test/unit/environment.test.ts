// Holds src/env.ts, wrangler.toml and .dev.vars.example to each other: a name that one knows and another lacks is found.
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

import { providerVariables } from '#catalog/provider-table.ts'
import { boundNames, declaredNames, environmentDifferences } from '../../dev/environment-names.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string) =>
  existsSync(resolve(root, file)) ? readFileSync(resolve(root, file), 'utf8') : ''

describe('the environment', () => {
  test('is the same in src/env.ts, wrangler.toml and .dev.vars.example', () => {
    expect(
      environmentDifferences({
        envTs: read('src/env.ts'),
        wranglerToml: read('wrangler.toml'),
        devVarsExample: read('.dev.vars.example'),
        providerVariables,
      }),
    ).toEqual([])
  })

  test('is read from both files and not by accident empty', () => {
    expect(declaredNames(read('src/env.ts')).map(({ name }) => name)).toContain('KEY_SECRET')
    expect(boundNames(read('wrangler.toml'))).toEqual(
      expect.arrayContaining(['ACCOUNT', 'ENVIRONMENT', 'AUTH_FAILURES']),
    )
  })

  test.each([
    [
      'a binding that the code does not have',
      { wranglerToml: '[[queues.producers]]\nbinding = "MORE"' },
      'MORE',
    ],
    ['a variable that nothing binds', { envTs: '  MODE: string' }, 'MODE'],
    ['a secret that nobody explains', { envTs: '  TOKEN?: string' }, 'TOKEN'],
    ['a setting of a new provider', { providerVariables: ['ACME_API_KEY'] }, 'ACME_API_KEY'],
  ])('with %s is reported', (_what, texts, name) => {
    const nothing = { envTs: '', wranglerToml: '', devVarsExample: '', providerVariables: [] }
    const differences = environmentDifferences({ ...nothing, ...texts })
    expect(differences).toEqual([expect.stringContaining(name)])
  })

  // A webhook's address is a customer's choice, and without this a host of the operator's own zone is reached behind its firewall.
  test('lets no request of the Worker past the protection of its own zone', () => {
    expect(read('wrangler.toml')).toMatch(/^compatibility_flags = \["global_fetch_strictly_public"\]$/m)
  })

  test('names production in wrangler.toml, so that no deploy runs as development', () => {
    expect(read('wrangler.toml')).toMatch(/^ENVIRONMENT = "production"$/m)
  })
})
