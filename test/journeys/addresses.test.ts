// The first minutes with a new base URL: the address in a browser, a wrong path, a wrong method, a misspelt parameter.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { presentOf } from '../world/charges.ts'
import { sharedWorld } from '../world/shared-world.ts'

async function ask(method: string, path: string, headers: { [name: string]: string } = {}, body?: string) {
  const init = body === undefined ? { method, headers } : { method, headers, body }
  const response = await fetch(`${sharedWorld().baseUrl}${path}`, init)
  const text = await response.text()
  const parsed: unknown = text === '' ? null : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: parsed }
}

describe('somebody who tries the address', () => {
  test('in a browser reads what this is, and every address that is named there answers', async () => {
    const { baseUrl } = sharedWorld()
    const { status, body } = await ask('GET', '/')
    expect(status).toBe(200)
    expect(body).toMatchObject({ name: 'Sluice', base_url: `${baseUrl}/v1` })
    for (const name of ['models', 'openapi', 'health']) {
      const address = String(valueAt(body, name)).slice(baseUrl.length)
      expect((await ask('GET', address)).status, address).toBe(200)
    }
    expect((await ask('HEAD', '/')).status).toBe(200)
  })

  test('without /v1 is told the address with it', async () => {
    const { status, body } = await ask('POST', '/chat/completions', {}, '{}')
    expect(status).toBe(404)
    expect(valueAt(body, 'error', 'code')).toBe('not_found')
    expect(valueAt(body, 'error', 'message')).toContain('Did you mean /v1/chat/completions?')
  })

  test('with another method is told the right one', async () => {
    const { status, headers, body } = await ask('GET', '/v1/chat/completions')
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('POST')
    expect(valueAt(body, 'error', 'code')).toBe('method_not_allowed')
  })

  test('from a page in a browser is let through by the preflight of any header', async () => {
    const { status, headers } = await ask('OPTIONS', '/v1/chat/completions', {
      origin: 'https://page.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    })
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-headers')).toContain('x-stainless-os')
  })

  test.each(['1', 'True', 'yes', ''])('and asks for a dry run with dryRun=%s pays nothing', async (value) => {
    const account = await sharedWorld().newAccount({})
    const headers = { authorization: `Bearer ${account.apiKey}` }
    const request = JSON.stringify({ model: 'gpt-6-luna', messages: [{ role: 'user', content: 'Hello' }] })
    const { status, body } = await ask('POST', `/v1/chat/completions?dryRun=${value}`, headers, request)
    expect(status).toBe(400)
    expect(valueAt(body, 'error', 'param')).toBe('dryRun')
    expect((await presentOf(sharedWorld(), account)).balanceNanoUsd).toBe(10_000_000_000)
  })
})
