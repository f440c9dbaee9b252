// `GET /`: what this is and where to go, for the person who opens the address in a browser.

import type { Json } from '#core/errors.ts'
import type { RouteDescription } from '#core/route-table.ts'

export const welcomeRouteTable: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/',
    summary: 'What this is and where to go.',
    auth: 'none',
    charged: false,
    answer: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        version: { type: 'string' },
        description: { type: 'string' },
        base_url: { type: 'string', description: 'What an OpenAI SDK takes as its base URL.' },
        models: { type: 'string' },
        account: { type: 'string' },
        openapi: { type: 'string' },
        health: { type: 'string' },
      },
    },
  },
]

export function welcomeAnswer({ origin, version }: { origin: string; version: string }): Response {
  const body: Json = {
    name: 'Sluice',
    version,
    description: 'An AI API gateway with prepaid credits: an OpenAI SDK needs this base_url and an API key.',
    base_url: `${origin}/v1`,
    models: `${origin}/v1/models`,
    account: `${origin}/v1/account`,
    openapi: `${origin}/openapi.json`,
    health: `${origin}/healthz`,
  }
  // A person reads it in a browser.
  return new Response(`${JSON.stringify(body, null, 2)}\n`, {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}
