// What the two demos are made of: one call and its answer, and the three places where a balance can be read.

import { setTimeout } from 'node:timers/promises'

import { type NanoUsd, nanoUsd, parseUsd } from '#core/money.ts'

import type { WorldClient } from './world-client.ts'

export type Answer = { status: number; callId: string; text: string; isWhole: boolean }

export const say = (line: string): void => console.log(line)

/** One call, without the retries of a client library; a connection that breaks is an answer that is not whole. */
export async function chat(baseUrl: string, apiKey: string, body: object, query = ''): Promise<Answer> {
  let status = 0
  let callId = ''
  let text = ''
  try {
    const response = await fetch(`${baseUrl}/v1/chat/completions${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    status = response.status
    callId = response.headers.get('x-generation-id') ?? ''
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk)
    return { status, callId, text, isWhole: true }
  } catch {
    // The demos kill the product in mid-stream: what arrived until then is the answer.
    return { status, callId, text, isWhole: false }
  }
}

export type Books = {
  balance: NanoUsd
  held: NanoUsd
  /** Σ of the entries that Postgres holds, and how many of them are charges. */
  sum: NanoUsd
  charges: number
  /** Calls that were charged more than once: there must be none. */
  doubles: number
}

/** The books when nothing moves any more: no hold is open, and Postgres has as much as the object says. */
export async function booksOf(
  world: WorldClient,
  account: { accountId: string; apiKey: string },
  chargesExpected: number | undefined,
): Promise<Books> {
  const withinMs = 120_000
  for (let waitedMs = 0; ; waitedMs += 250) {
    const books = await readBooks(world, account)
    const isQuiet = books.held === 0 && books.balance === books.sum
    if ((isQuiet && (chargesExpected ?? books.charges) === books.charges) || waitedMs > withinMs) return books
    await setTimeout(250)
  }
}

async function readBooks(
  world: WorldClient,
  { accountId, apiKey }: { accountId: string; apiKey: string },
): Promise<Books> {
  const response = await fetch(`${world.baseUrl}/v1/account`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  const account: { current_balance: string; held: string } = JSON.parse(await response.text())
  const [row = {}] = await world.sql(
    `select coalesce(sum(amount_nano_usd), 0)::text as sum,
            count(*) filter (where kind = 'usage')::text as charges,
            (count(*) filter (where kind = 'usage') - count(distinct reference) filter (where kind = 'usage'))::text as doubles
       from ledger_entries where account_id = $1`,
    [accountId],
  )
  return {
    balance: readUsd(account.current_balance),
    held: readUsd(account.held),
    sum: nanoUsd(Number(row['sum'])),
    charges: Number(row['charges']),
    doubles: Number(row['doubles']),
  }
}

/** An amount that the product wrote; anything else in its place is a bug of the demo. */
export function readUsd(text: string): NanoUsd {
  const amount = parseUsd(text)
  if (amount === undefined) throw new Error(`not an amount: ${text}`)
  return amount
}
