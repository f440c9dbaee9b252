// Free credit of a new account: what is offered, and asking for it.

import { noDatabase } from '#core/errors.ts'
import { readFields } from '#core/fields.ts'
import { formatUsd } from '#core/money.ts'
import { type Schema, usdText } from '#core/route-table.ts'
import { giveWelcomeCredit } from '#payments/welcome-credit.ts'
import { claimOf } from '#payments/welcome-store.ts'
import { type ConsoleAnswer, type ConsoleRequest, type ConsoleRoute, moneyRoles } from './guard.ts'

async function showWelcome({ person, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const { db, welcome: offer } = parts
  if (db === undefined) return noDatabase
  const claim = await claimOf(db, person.accountId)
  const terms = claim ?? offer
  const isGiven = claim !== undefined && claim.creditedSeq !== null
  return {
    ok: true,
    body: {
      status: isGiven ? 'given' : terms === undefined ? 'none' : 'offered',
      amount: terms === undefined ? null : formatUsd(terms.amountNanoUsd),
      credit_days: terms?.creditDays ?? null,
    },
  }
}

/** Whose mailbox it is has been proved by signing in; the operator's credential vouches for the one that it names. */
async function askForWelcome({ person, body, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const isProved = person.email !== undefined
  const fields = readFields(body ?? {}, isProved ? [] : ['email'])
  if (!fields.ok) return fields
  const { db, welcome: offer } = parts
  if (db === undefined) return noDatabase
  const [provider, sealer] = await Promise.all([parts.provider(), parts.sealer()])
  const given = await giveWelcomeCredit(
    { accountId: person.accountId, email: person.email ?? fields.value['email'] },
    { ...parts, db, offer, provider, sealer },
  )
  if (!given.ok) return given
  const { amountNanoUsd, creditDays, balanceNanoUsd, seq } = given
  return {
    ok: true,
    status: 201,
    body: {
      amount: formatUsd(amountNanoUsd),
      credit_days: creditDays,
      balance: formatUsd(balanceNanoUsd),
      seq,
    },
  }
}

const text: Schema = { type: 'string' }
const days: Schema = { type: 'integer' }
const described = { path: '/api/welcome-credit', auth: 'person', charged: false } as const
const account = { account_id: { type: 'string', description: 'Where the credential has several.' } } as const

export const welcomeRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: showWelcome,
    roles: moneyRoles,
    route: {
      ...described,
      method: 'get',
      summary: 'Whether the account may have free credit, and how much.',
      query: account,
      answer: {
        type: 'object',
        properties: {
          status: { type: 'string', enum: ['none', 'offered', 'given'] },
          amount: { anyOf: [usdText, { type: 'null' }] },
          credit_days: { anyOf: [days, { type: 'null' }] },
        },
      },
    },
  },
  {
    answerWith: askForWelcome,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...described,
      method: 'post',
      summary: 'Brings the free credit of a new account, once per mailbox and saved card.',
      successStatus: 201,
      body: {
        type: 'object',
        properties: {
          ...account,
          email: {
            ...text,
            description: 'A mailbox that the operator vouches for; who has signed in has one.',
          },
        },
        additionalProperties: false,
      },
      answer: {
        type: 'object',
        properties: { amount: usdText, credit_days: days, balance: usdText, seq: { type: 'integer' } },
      },
    },
  },
]
