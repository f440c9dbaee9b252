// `npm run doctor` against the running product: well when it is, and saying what to do when it is not.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

import { sharedWorld } from '../world/shared-world.ts'

const program = resolve(import.meta.dirname, '../../dev/doctor.ts')

function doctor(url: string, env: { [name: string]: string }): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [program, url],
      { env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? 1), said: `${stdout}${stderr}` }),
    )
  })
}

describe('npm run doctor', () => {
  test('finds a working deployment well, from a new account to the row in Postgres', async () => {
    const world = sharedWorld()
    const { baseUrl, operatorToken, databaseUrl } = world
    const { code, said } = await doctor(baseUrl, { OPERATOR_TOKEN: operatorToken, DATABASE_URL: databaseUrl })
    expect(said.split('\n').map((line) => line.split(':')[0])).toEqual([
      '✓ health',
      '✓ account',
      '✓ credit',
      '✓ key',
      '✓ sealing',
      '✓ call',
      '✓ balance',
      '✓ row',
      '✓ closed',
      'All is well.',
      '',
    ])
    expect(code).toBe(0)
    const callId = /gen_\w+/.exec(said)?.[0]
    expect(await world.sql('select cost_nano_usd from charges where call_id = $1', [callId])).toHaveLength(1)
  })

  test('shows neither the operator token nor the database’s address', async () => {
    const { baseUrl, operatorToken, databaseUrl } = sharedWorld()
    const { said } = await doctor(baseUrl, { OPERATOR_TOKEN: operatorToken, DATABASE_URL: databaseUrl })
    expect(said).not.toContain(operatorToken)
    expect(said).not.toContain(databaseUrl)
  })

  test('says what to do about a wrong operator token', async () => {
    const { baseUrl } = sharedWorld()
    const { code, said } = await doctor(baseUrl, { OPERATOR_TOKEN: 'x'.repeat(40) })
    expect(said).toContain('✗ account: 401')
    expect(said).toContain('→ OPERATOR_TOKEN here is not the one that the Worker has.')
    expect(code).toBe(1)
  })

  test('closes the account that it opened when a later step fails', async () => {
    const { baseUrl, operatorToken } = sharedWorld()
    const databaseUrl = 'postgresql://nobody@127.0.0.1:1/none'
    const { code, said } = await doctor(baseUrl, { OPERATOR_TOKEN: operatorToken, DATABASE_URL: databaseUrl })
    expect(said).toContain('✗ row: Postgres refused')
    expect(said).toMatch(/✓ closed: acct_\w+ is frozen/)
    expect(code).toBe(1)
  })
})
