// Where Stripe's pages send a person back to, until the console has pages of its own: what happens next, and nothing that
// needs to know who is looking.

import { readOrderId } from '#core/ids.ts'
import type { RouteDescription } from '#core/route-table.ts'

const described = (path: string, summary: string): RouteDescription => ({
  method: 'get',
  path,
  summary,
  auth: 'none',
  charged: false,
  answer: { type: 'string' },
  contentType: 'text/html; charset=utf-8',
})

export const returnPaths = { topUp: '/top-ups/{id}', billing: '/billing', plan: '/plan' } as const

export const returnRouteTable: readonly RouteDescription[] = [
  described(returnPaths.topUp, 'Where a checkout sends a person back to.'),
  described(returnPaths.billing, 'Where the customer portal sends a person back to.'),
  described(returnPaths.plan, 'Where the page of a plan sends a person back to.'),
]

/** For a checkout that was left, whatever came of it; `id` is shown where it has the form of an order's. */
export function topUpReturned(id: string): Response {
  const order = readOrderId(id)
  return page('Thank you', [
    'If you have paid, the credit is added as soon as the payment is confirmed: at once for most cards, in some days for bank debits and transfers.',
    'The receipt comes by mail. You can close this page.',
    ...(order === undefined ? [] : [`Order ${order}`]),
  ])
}

export function billingReturned(): Response {
  return page('Your billing settings are saved', ['You can close this page.'])
}

/** For a page that was left, whatever came of it. */
export function planReturned(): Response {
  return page('Thank you', [
    'If you have subscribed, your plan begins as soon as the payment is confirmed: at once for most cards.',
    'You can close this page.',
  ])
}

function page(title: string, lines: readonly string[]): Response {
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}</style></head>
<body><h1>${title}</h1>${lines.map((line) => `<p>${line}</p>`).join('')}</body></html>`
  return new Response(body, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'referrer-policy': 'no-referrer',
    },
  })
}
