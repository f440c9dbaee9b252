// Free credit of new accounts: nobody has it by opening one, and whoever farms accounts has it once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../../dev/world.ts'
import { type Buyer, newBuyer } from '../world/buying.ts'
import { eventually } from '../world/eventually.ts'
import { valueAt } from '../world/chat.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { leaveCard } from '../world/saving-cards.ts'
import { sharedWorld } from '../world/shared-world.ts'

let names = 0
/** A person of their own for each test. */
const person = () => `${Date.now()}.${(names += 1)}`

const claim = (buyer: Buyer, email: string): Promise<WireAnswer> =>
  buyer.api('POST', '/api/welcome-credit', { email })

const stateOf = async (buyer: Buyer) => (await buyer.api('GET', '/api/welcome-credit')).body

const reasonOf = ({ body }: WireAnswer) => valueAt(body, 'error', 'metadata', 'reason')

async function withCard(fingerprint?: string): Promise<Buyer> {
  const buyer = await newBuyer(sharedWorld())
  await leaveCard(sharedWorld(), buyer, fingerprint === undefined ? {} : { fingerprint })
  return buyer
}

async function balances(farm: readonly Buyer[]): Promise<readonly unknown[]> {
  return Promise.all(farm.map((buyer) => buyer.balance()))
}

describe('free credit', () => {
  // Cases: billing-bugs 52
  test('comes to no account that is opened, and not before a bank has confirmed a card', async () => {
    const buyer = await newBuyer(sharedWorld())
    expect(await stateOf(buyer)).toEqual({ status: 'offered', amount: '5.00', credit_days: 90 })
    const early = await claim(buyer, `${person()}@ada.example`)
    expect(early).toMatchObject({ status: 409, errorCode: 'welcome_credit_refused' })
    expect(reasonOf(early)).toBe('no_card')
    // A card that was charged has been kept as well, and nobody has confirmed that it is theirs to give.
    const { sessionId } = await buyer.buy('10', { save_card: true })
    await sharedWorld().stripe.control.pay({ sessionId, method: 'pm_card_visa' })
    expect(reasonOf(await claim(buyer, `${person()}@ada.example`))).toBe('no_card')
    await eventually(
      () => buyer.balance(),
      (balance) => balance === '10.00',
    )
    await leaveCard(sharedWorld(), buyer)
    expect(await claim(buyer, `${person()}@ada.example`)).toMatchObject({
      status: 201,
      body: { amount: '5.00', credit_days: 90, balance: '15.00' },
    })
    expect(await stateOf(buyer)).toEqual({ status: 'given', amount: '5.00', credit_days: 90 })
    const view = await sharedWorld().operator('GET', `/accounts/${buyer.accountId}`)
    expect(view['buckets']).toContainEqual({
      bucket: 'promotional',
      amount: '5.00',
      expires_in_seconds: expect.any(Number),
    })
  })

  // Cases: billing-bugs 52
  test('is had once by fifty accounts of one mailbox, however its address is spelt', async () => {
    const name = person().replaceAll('.', '')
    const [half, rest] = [name.slice(0, 4), name.slice(4)]
    const spellings = [name, `${half}.${rest}`, name.toUpperCase(), `${half}.${rest}+x`]
    const farm = await Promise.all(Array.from({ length: 50 }, () => withCard()))
    const answers = await Promise.all(
      farm.map((buyer, at) =>
        claim(buyer, `${spellings[at % 4]}+${at}@${at % 2 === 0 ? 'gmail' : 'GoogleMail'}.com`),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map((answer) => `${answer.status} ${String(reasonOf(answer))}`))).toEqual(
      new Set(['409 not_eligible']),
    )
    const held = await balances(farm)
    expect(held.filter((balance) => balance === '5.00')).toHaveLength(1)
    expect(held.filter((balance) => balance === '0.00')).toHaveLength(49)
  }, 120_000)

  // Cases: billing-bugs 52
  test('is had once by twenty accounts with one card, whatever their mailboxes', async () => {
    const fingerprint = `fp${person()}`
    const farm = await Promise.all(Array.from({ length: 20 }, () => withCard(fingerprint)))
    const answers = await Promise.all(farm.map((buyer) => claim(buyer, `${person()}@ada.example`)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect((await balances(farm)).filter((balance) => balance === '5.00')).toHaveLength(1)
  }, 60_000)

  test('is had once by an account that asks twenty times at once', async () => {
    const buyer = await withCard()
    const email = `${person()}@ada.example`
    const answers = await Promise.all(Array.from({ length: 20 }, () => claim(buyer, email)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    const reasons = answers.filter(({ status }) => status === 409).map(reasonOf)
    expect(reasons).toEqual(Array.from({ length: 19 }, () => 'already_given'))
    expect(await buyer.balance()).toBe('5.00')
    // As it stands where the process dies between the credit and the row that says so.
    const named = [buyer.accountId]
    await sharedWorld().sql('update welcome_credits set credited_seq = null where account_id = $1', named)
    expect(reasonOf(await claim(buyer, email))).toBe('already_given')
    expect(await buyer.balance()).toBe('5.00')
    expect(await stateOf(buyer)).toMatchObject({ status: 'given' })
  })

  // Cases: billing-bugs 52
  test.each([
    ['a mailbox for ten minutes', { email: 'ada@mailinator.com', card: {} }],
    ['a domain that the operator has blocked', { email: 'ada@mail.blocked.example', card: {} }],
    [
      'a card that was paid in before',
      { email: 'prepaid@ada.example', card: { funding: 'prepaid' as const } },
    ],
  ])('is not given for %s', async (_name, { email, card }) => {
    const buyer = await newBuyer(sharedWorld())
    await leaveCard(sharedWorld(), buyer, card)
    expect(reasonOf(await claim(buyer, email))).toBe('not_eligible')
    expect(await buyer.balance()).toBe('0.00')
  })

  test('that was claimed by someone who died is finished by the same account, and by no other', async () => {
    const [fingerprint, email] = [`fp${person()}`, `${person()}@ada.example`]
    const [ada, bob] = [await withCard(fingerprint), await withCard(fingerprint)]
    await claim(ada, email)
    // As it stands where the process dies between the claim and the credit.
    const eve = await withCard()
    const died = [eve.accountId, `mailbox ${person()}`, `card ${person()}`]
    await sharedWorld().sql(
      `insert into welcome_credits (account_id, mailbox_hash, card_hash, amount_nano_usd, credit_days, claimed_at)
        values ($1, $2, $3, 3000000000, 7, now())`,
      died,
    )
    expect(await stateOf(eve)).toEqual({ status: 'offered', amount: '3.00', credit_days: 7 })
    expect(await claim(eve, email)).toMatchObject({ status: 201, body: { amount: '3.00', credit_days: 7 } })
    expect(reasonOf(await claim(bob, email))).toBe('not_eligible')
    expect(await balances([ada, bob, eve])).toEqual(['5.00', '0.00', '3.00'])
  })

  test('leaves no address and no card in the database, and an erasure leaves what it has left', async () => {
    const [buyer, email] = [await withCard(), `lovelace.${person()}@ada.example`]
    expect((await claim(buyer, email)).status).toBe(201)
    const erasure = { reason: 'asked for', idempotency_key: 'erase', confirm: true }
    await sharedWorld().operator('POST', `/accounts/${buyer.accountId}/erase`, erasure)
    const rows = await sharedWorld().sql('select to_json(t)::text as row from welcome_credits t')
    const text = JSON.stringify(rows)
    expect(text).toContain(buyer.accountId)
    expect(text).not.toMatch(/lovelace|ada\.example|fpacct/)
    const kept = await sharedWorld().sql('select sealed from kept_secrets')
    expect(JSON.stringify(kept)).toMatch(/sealed:[0-9a-f]{8}:/)
    const again = await withCard()
    expect(reasonOf(await claim(again, email.toUpperCase()))).toBe('not_eligible')
  })

  test('is asked for with an address', async () => {
    const buyer = await withCard()
    for (const email of [undefined, 'ada', 7])
      expect(await buyer.api('POST', '/api/welcome-credit', { email })).toMatchObject({
        status: 400,
        body: { error: { param: 'email' } },
      })
  })
})

describe('the operator', () => {
  let world: World

  beforeAll(async () => {
    world = await startWorld({ vars: { WELCOME_CREDITS_PER_DAY: '2' } })
  }, 60_000)

  afterAll(() => world.stop())

  const cardIn = async (): Promise<Buyer> => {
    const buyer = await newBuyer(world)
    await leaveCard(world, buyer)
    return buyer
  }

  test('whose product dies between the claim and the credit finishes it for the same account alone', async () => {
    const [ada, bob] = [await cardIn(), await cardIn()]
    const email = `${person()}@ada.example`
    // The row is written slowly, so that there is a moment at which to die.
    await world.sql(`create function be_slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(3); return new; end $$`)
    await world.sql(
      'create trigger slow after insert on welcome_credits for each row execute function be_slow()',
    )
    const asked = claim(ada, email).catch(() => 'no answer')
    const writing = () =>
      world.sql(`select 1 from pg_stat_activity where state = 'active' and wait_event = 'PgSleep'`)
    expect(await eventually(writing, (rows) => rows.length > 0)).toHaveLength(1)
    await world.product().kill()
    expect(await asked).toBe('no answer')
    await world.sql('drop trigger slow on welcome_credits')
    await world.startProductAgain()
    const rows = await world.sql('select account_id, credited_seq from welcome_credits')
    expect(rows).toEqual([{ account_id: ada.accountId, credited_seq: null }])
    expect(await ada.balance()).toBe('0.00')
    expect(reasonOf(await claim(bob, email))).toBe('not_eligible')
    expect(await claim(ada, email)).toMatchObject({ status: 201, body: { balance: '5.00' } })
    expect(reasonOf(await claim(ada, email))).toBe('already_given')
    expect(await balances([ada, bob])).toEqual(['5.00', '0.00'])
  }, 120_000)

  test('gives no more of it within a day than was set, though all ask at once; the sweep finishes what died', async () => {
    await world.sql('delete from welcome_credits')
    const farm = await Promise.all(Array.from({ length: 6 }, () => cardIn()))
    const answers = await Promise.all(farm.map((buyer) => claim(buyer, `${person()}@ada.example`)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(reasonOf))).toEqual(new Set(['try_tomorrow']))
    // Of one that died before the credit came, ten minutes ago.
    const late = farm[answers.indexOf(refused[0] ?? raise())] ?? raise()
    await world.sql(
      `insert into welcome_credits (account_id, mailbox_hash, card_hash, amount_nano_usd, credit_days, claimed_at)
        values ($1, 'm', 'c', 5000000000, 90, now() - interval '10 minutes')`,
      [late.accountId],
    )
    await world.runCron()
    expect(await late.balance()).toBe('5.00')
    expect(reasonOf(await claim(late, `${person()}@ada.example`))).toBe('already_given')
  })
})

describe('without a word of the operator', () => {
  let world: World

  beforeAll(async () => {
    world = await startWorld({ vars: { WELCOME_CREDIT_USD: undefined } })
  }, 60_000)

  afterAll(() => world.stop())

  // Cases: billing-bugs 52
  test('no account gets anything', async () => {
    const buyer = await newBuyer(world)
    await leaveCard(world, buyer)
    expect(await stateOf(buyer)).toEqual({ status: 'none', amount: null, credit_days: null })
    expect(await claim(buyer, 'ada@ada.example')).toMatchObject({ status: 404, errorCode: 'not_found' })
    const { accountId } = buyer
    const path = `/operator/v1/accounts/${accountId}`
    expect(await ask(world, { apiKey: world.operatorToken, path })).toMatchObject({
      body: { balance: '0.00' },
    })
  })
})

function raise(): never {
  throw new Error('Six were asked, two were given.')
}
