// `GET /healthz`: this isolate runs and knows its configuration. Touches nothing outside and names no secret.

import type { RouteDescription } from '#core/route-table.ts'

export type HealthParts = {
  version: string
  /** Whether every secret that requests need is set. */
  isConfigured: boolean
}

export const healthRouteTable: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the deployment runs and is configured.',
    auth: 'none',
    charged: false,
    answer: {
      type: 'object',
      properties: {
        status: { type: 'string' },
        version: { type: 'string' },
        configured: { type: 'boolean' },
      },
    },
  },
]

export function healthAnswer({ version, isConfigured }: HealthParts): Response {
  const body = { status: 'ok', version, configured: isConfigured }
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}
