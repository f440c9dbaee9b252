// The operator credential: right, wrong, and not configured.

import { describe, expect, test } from 'vitest'
import { refusalOfOperator } from './credential.ts'

const token = 'a-long-operator-token-of-32-chars!'
const ask = (authorization: string | undefined, configured: string | undefined = token) =>
  refusalOfOperator(
    new Request('http://sluice.test/operator/v1/findings', {
      headers: authorization === undefined ? {} : { authorization },
    }),
    configured,
  )

describe('the operator credential', () => {
  test('opens with the very token', async () => {
    expect(await ask(`Bearer ${token}`)).toBeUndefined()
    expect(await ask(`bearer ${token}`)).toBeUndefined()
  })

  // Cases: billing-bugs 55, 66
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token} ${token}`,
    `Bearer ' or '1'='1`,
    `Bearer ${'%_'.repeat(100)}`,
  ])('stays closed for %s', async (authorization) => {
    expect(await ask(authorization)).toMatchObject({ code: 'invalid_api_key' })
  })

  test.each([undefined, '', 'short', 'x'.repeat(31)])(
    'is not configured while the token is %s',
    async (configured) => {
      const refusal = await ask(`Bearer ${configured ?? ''}`, configured ?? '')
      expect(refusal).toMatchObject({ code: 'not_configured' })
      expect(refusal?.message).toContain('OPERATOR_TOKEN')
      expect(await refusalOfOperator(new Request('http://sluice.test/'), undefined)).toMatchObject({
        code: 'not_configured',
      })
    },
  )
})
