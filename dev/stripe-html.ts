// How the pages of Stripe's stand-in look: one frame, amounts in words.

import { escaped } from './html.ts'

/** What leaves for the browser: a page, or another address. */
export type PageAnswer = { status: number; html: string } | { location: string }

export type PageRequest = { method: string; path: string; query: URLSearchParams; body: URLSearchParams }

/** Cents in words; currencies without cents are the exception that the stand-in meets only in tests. */
export function amountText(amount: number, currency: string | null): string {
  const cents = String(amount % 100).padStart(2, '0')
  return `${Math.floor(amount / 100)}.${cents} ${(currency ?? 'usd').toUpperCase()}`
}

export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Stripe's local stand-in</title><style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1a1f36; background: #fff; }
h1 { font-size: 1.5rem; } small { color: #4f566b; } .problem { color: #a41c4e; font-weight: 600; }
.choices { list-style: none; padding: 0; } .choices li { margin: .6rem 0; }
button { font: inherit; padding: .5rem .9rem; border: 1px solid #697386; border-radius: .4rem; background: #f6f8fa; cursor: pointer; }
button:focus-visible { outline: 3px solid #635bff; } </style></head>
<body><main><h1>${escaped(title)}</h1>${body}<p><small>Stripe's stand-in on this machine: no money moves, no card number is asked for.</small></p></main></body></html>`
}
