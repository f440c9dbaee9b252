// What customers are mailed: receipts and warnings once per cause, whatever the mailer does, and never at the books' expense.

import { describe, expect, test, vi } from 'vitest'
import { chatMany, chatOnce, valueAt } from '../world/chat.ts'
import { failMail, mailsTo, mailTries } from '../world/mailbox.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

type Account = { accountId: string; apiKey: string; email: string }

async function accountWithMail(creditUsd: string, settings = {}): Promise<Account> {
  const account = await sharedWorld().newAccount({ creditUsd, settings })
  const email = `${account.accountId}@customer.example`
  const set = { billing_emails: [email] }
  const answer = await askOperator('PUT', `/accounts/${account.accountId}/billing-emails`, set)
  expect(answer).toMatchObject({ status: 200, body: { billing_emails: [email] } })
  return { ...account, email }
}

const subjectsTo = async ({ email }: Account) =>
  (await mailsTo(sharedWorld(), email)).map(({ subject }) => subject)

const mailOf = ({ accountId }: Account) =>
  sharedWorld().sql('select type, mail_state, mail_attempts from notices where account_id = $1 order by id', [
    accountId,
  ])

/** A limit that is set below what is spent is an entry of which the customer is told. */
const setMonth = ({ accountId }: Account, usd: string) =>
  sharedWorld().operator('PATCH', `/accounts/${accountId}`, { monthly_spend_limit: usd, reason: 'a test' })

const adjust = ({ accountId }: Account, amount: string) =>
  sharedWorld().operator('POST', `/accounts/${accountId}/adjustments`, {
    amount,
    reason: 'a test',
    idempotency_key: `adjust ${amount}`,
  })

/** Time passes for a mail that waits; whatever brings the next task sends it. */
async function laterBring(account: Account): Promise<void> {
  await sharedWorld().sql(
    "update notices set mail_due_at = now() - interval '1 second' where account_id = $1 and mail_state = 'waiting'",
    [account.accountId],
  )
  const other = await sharedWorld().newAccount({ creditUsd: '5.00' })
  await adjust({ ...other, email: '' }, '-5.00')
}

describe('a customer is mailed', () => {
  // Requirements: 75, 76
  test('once that the balance is low and once that it is used up, though many calls cross it at once', async () => {
    const account = await accountWithMail('2.00', { low_balance_threshold: '1.50', rpm: 1_000_000 })
    await adjust(account, '-0.499')
    await chatMany(60, 20, () => chatOnce(sharedWorld().baseUrl, account.apiKey, { tokens: 30 }))
    await vi.waitFor(async () => expect(await subjectsTo(account)).toHaveLength(1), { timeout: 30_000 })
    await adjust(account, '-1.40')
    await adjust(account, '-0.10')
    await vi.waitFor(async () => expect(await subjectsTo(account)).toHaveLength(2), { timeout: 30_000 })
    const [low, used] = await mailsTo(sharedWorld(), account.email)
    expect(low).toMatchObject({ to: [account.email], from: 'Sluice <billing@sluice.example>' })
    expect(low?.subject).toMatch(/^Your balance is low: \$1\.(49|50)/)
    expect(used?.subject).toBe('Your credit is used up')
    expect(await mailOf(account)).toHaveLength(2)
  })

  test('of a refund once, though its entry is told again and again', async () => {
    const account = await accountWithMail('0')
    await adjust(account, '5.00')
    const refund = {
      amount: '2.00',
      payment: 'adjustment:adjust 5.00',
      reason: 'a test',
      idempotency_key: 'r',
    }
    const path = `/accounts/${account.accountId}`
    await sharedWorld().operator('POST', `${path}/refunds`, refund)
    await vi.waitFor(async () => expect(await subjectsTo(account)).toEqual(['$2.00 has been refunded']), {
      timeout: 30_000,
    })
    for (let times = 0; times < 2; times += 1)
      await sharedWorld().operator('POST', `${path}/resend`, { from: 1 })
    await laterBring(account)
    await vi.waitFor(async () => expect(await mailOf(account)).toMatchObject([{ mail_state: 'sent' }]), {
      timeout: 30_000,
    })
    expect(await mailTries(sharedWorld(), account.email)).toBe(1)
    const told = await askOperator('GET', `${path}/notices`)
    expect(valueAt(told.body, 'data')).toMatchObject([
      { type: 'refund', figures: { amount: '2.00' }, mail: 'sent', mail_attempts: 1, mail_error: null },
    ])
  })

  // Cases: payments 55
  test.each([
    ['is away', 'down'],
    ['takes the mail and loses its answer', 'lost'],
  ] as const)('once in the end where the mailer %s, and the money never waits', async (_what, fault) => {
    const account = await accountWithMail('5.00')
    await failMail(sharedWorld(), account.email, fault)
    await adjust(account, '-4.50')
    await vi.waitFor(
      async () =>
        expect(await mailOf(account)).toEqual([
          { type: 'credit_balance_low', mail_state: 'waiting', mail_attempts: 1 },
        ]),
      { timeout: 30_000 },
    )
    expect(await sharedWorld().operator('GET', `/accounts/${account.accountId}`)).toMatchObject({
      balance: '0.50',
    })
    await failMail(sharedWorld(), account.email, 'none')
    await laterBring(account)
    await vi.waitFor(
      async () => expect(await mailOf(account)).toMatchObject([{ mail_state: 'sent', mail_attempts: 2 }]),
      { timeout: 30_000 },
    )
    expect(await subjectsTo(account)).toEqual(['Your balance is low: $0.50'])
    expect(await mailTries(sharedWorld(), account.email)).toBe(2)
  })

  test('never again where the mailer refuses for good', async () => {
    const account = await accountWithMail('5.00')
    await failMail(sharedWorld(), account.email, 'refuse')
    await adjust(account, '-4.50')
    const failed = [{ type: 'credit_balance_low', mail_state: 'failed', mail_attempts: 1 }]
    await vi.waitFor(async () => expect(await mailOf(account)).toEqual(failed), { timeout: 30_000 })
  })

  test('of a limit with its figures, and nobody is where there is no address', async () => {
    const account = await accountWithMail('5.00')
    const silent = await sharedWorld().newAccount({ creditUsd: '5.00' })
    for (const one of [account, { ...silent, email: '' }]) {
      await chatOnce(sharedWorld().baseUrl, one.apiKey)
      await setMonth(one, '0.000000001')
    }
    await vi.waitFor(
      async () => expect(await subjectsTo(account)).toEqual(['100 % of the monthly spend limit is used']),
      {
        timeout: 30_000,
      },
    )
    await vi.waitFor(
      async () =>
        expect(await mailOf({ ...silent, email: '' })).toEqual([
          { type: 'spend_limit_reached', mail_state: 'none', mail_attempts: 0 },
        ]),
      { timeout: 30_000 },
    )
  })
})

describe('where mail goes', () => {
  test('is the operator’s to set, for an account that there is, and gone when the account is erased', async () => {
    const { accountId, email } = await accountWithMail('0')
    const path = `/accounts/${accountId}/billing-emails`
    expect(await askOperator('GET', path)).toMatchObject({ status: 200, body: { billing_emails: [email] } })
    expect(await askOperator('PUT', path, { billing_emails: ['no address'] })).toMatchObject({
      status: 400,
      errorCode: 'invalid_request',
    })
    expect((await askOperator('GET', '/accounts/acct_w00000000000000/billing-emails')).status).toBe(404)
    const erasure = { reason: 'asked for', idempotency_key: 'e', confirm: true }
    await sharedWorld().operator('POST', `/accounts/${accountId}/erase`, erasure)
    const emails = () =>
      sharedWorld().sql('select email from billing_emails where account_id = $1', [accountId])
    await vi.waitFor(async () => expect(await emails()).toEqual([]), { timeout: 30_000 })
    // What is given after it stays, though the erasure is told again.
    await askOperator('PUT', path, { billing_emails: [email] })
    await sharedWorld().operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
    const confirmed = async () => (await sharedWorld().operator('GET', `/accounts/${accountId}`))['entries']
    await vi.waitFor(async () => expect(await confirmed()).toMatchObject({ confirmed: 3 }), {
      timeout: 30_000,
    })
    expect(await emails()).toEqual([{ email }])
  })
})
