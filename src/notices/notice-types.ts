// What customers are told and how it reads: one line of the table per type, from figures to words. Pure.

import type { Json } from '#core/errors.ts'
import { isObject, readString } from '#core/readers.ts'

/** Decimal dollars and names of ours; nothing that a person has written. */
export type Figures = { readonly [name: string]: Json }

export type NoticeWords = {
  readonly subject: string
  /** What happened, with its figures. */
  readonly lines: readonly string[]
  /** What to do now. */
  readonly next: string
}

type NoticeType = {
  /** False for what may come by the thousand: webhooks alone are told. */
  readonly isMailed: (figures: Figures) => boolean
  readonly words: (figures: Figures) => NoticeWords
}

const always = () => true

const types = {
  receipt: {
    isMailed: always,
    words: (figures) => ({
      subject: `Receipt: ${usd(figures, 'amount')} of credit`,
      lines: [
        `Your payment has arrived: ${usd(figures, 'amount')} is on your balance.`,
        ...receiptLines(figures),
      ],
      next: 'Keep this message as your receipt. There is nothing to do.',
    }),
  },
  credit_auto_recharge_triggered: {
    isMailed: always,
    words: (figures) => ({
      subject: `Receipt: automatic top-up of ${usd(figures, 'amount')}`,
      lines: [
        `Your balance had fallen below its threshold, so your saved card was charged: ${usd(figures, 'amount')} is on your balance.`,
        ...receiptLines(figures),
      ],
      next: 'Keep this message as your receipt. Threshold and amount can be changed in the billing settings, where automatic top-up can also be switched off.',
    }),
  },
  credit_purchase_failed: {
    isMailed: always,
    words: (figures) => ({
      subject: `A payment of ${usd(figures, 'amount')} has failed`,
      lines: [
        `A payment of ${usd(figures, 'amount')} did not go through${becauseOf(figures)}. Nothing was charged.`,
        ...(textOf(figures, 'plan') === ''
          ? []
          : [`It was for your plan (${textOf(figures, 'plan')}), which ends with what is paid for.`]),
        ...(figures['is_paused'] === true ? ['Automatic top-up is paused until you act.'] : []),
        ...(textOf(figures, 'next_try_at') === ''
          ? []
          : [`It is tried again at ${textOf(figures, 'next_try_at')}.`]),
      ],
      next: 'Check the card, or pay another way, in the billing settings. Requests go on while there is credit.',
    }),
  },
  auto_top_up_capped: {
    isMailed: always,
    words: (figures) => ({
      subject: 'Automatic top-up has reached its monthly cap',
      lines: [
        `Automatic top-up has charged ${usd(figures, 'charged')} this month. Another ${usd(figures, 'amount')} would pass your cap of ${usd(figures, 'cap')}, so nothing is charged.`,
      ],
      next: 'Raise the cap in the billing settings, or add credit yourself. Next month it begins anew.',
    }),
  },
  saved_card_gone: {
    isMailed: always,
    words: () => ({
      subject: 'Automatic top-up has no card any more',
      lines: ['The card that automatic top-up charged is not saved any more, so nothing is charged.'],
      next: 'Save a card in the billing settings, so that automatic top-up goes on.',
    }),
  },
  payment_action_required: {
    isMailed: always,
    words: (figures) => ({
      subject: `Your bank asks you to confirm a payment of ${usd(figures, 'amount')}`,
      lines: [
        `An automatic top-up of ${usd(figures, 'amount')} waits for you: your bank wants you to confirm it. Nothing has been charged yet.`,
        'Automatic top-up is paused until then.',
      ],
      next: 'Open the billing settings and confirm the payment. It is credited at once.',
    }),
  },
  credit_balance_low: {
    isMailed: always,
    words: (figures) => ({
      subject: `Your balance is low: ${usd(figures, 'balance')}`,
      lines: [
        `Your balance is ${usd(figures, 'balance')}, which is not above the threshold of ${usd(figures, 'threshold')}.`,
      ],
      next: 'Add credit before it is used up: requests are refused with 402 then. Automatic top-up does this by itself.',
    }),
  },
  credit_balance_depleted: {
    isMailed: always,
    words: (figures) => ({
      subject: 'Your credit is used up',
      lines: [`Your balance is ${usd(figures, 'balance')}. Requests that cost money are refused with 402.`],
      next: 'Add credit: requests run again as soon as it has arrived.',
    }),
  },
  card_expiring: {
    isMailed: always,
    words: (figures) => ({
      subject: 'Your saved card expires soon',
      lines: [`The card that automatic top-up charges expires at the end of ${textOf(figures, 'expires')}.`],
      next: 'Save another card in the billing settings, so that automatic top-up goes on.',
    }),
  },
  refund: {
    isMailed: always,
    words: (figures) => ({
      subject: `${usd(figures, 'amount')} has been refunded`,
      lines: [
        `${usd(figures, 'amount')} of the credit that you have paid for goes back to you.`,
        ...(textOf(figures, 'bonus') === ''
          ? []
          : [`The bonus of $${textOf(figures, 'bonus')} that came with it is taken back.`]),
        `Balance now: ${usd(figures, 'balance')}.`,
        `Reference: ${textOf(figures, 'reference')}.`,
      ],
      next: 'Banks take up to ten days to show it. There is nothing to do.',
    }),
  },
  refund_failed: {
    isMailed: always,
    words: (figures) => ({
      subject: `A refund of ${usd(figures, 'amount')} could not be made`,
      lines: [
        `Your bank did not take a refund, so ${usd(figures, 'amount')} stands on your balance again.`,
        `Balance now: ${usd(figures, 'balance')}.`,
        `Reference: ${textOf(figures, 'reference')}.`,
      ],
      next: 'Answer this message to have it paid another way.',
    }),
  },
  dispute_opened: {
    isMailed: always,
    words: (figures) => ({
      subject: `A payment of ${usd(figures, 'amount')} is disputed`,
      lines: [
        `The bank has called back a payment of ${usd(figures, 'amount')}, and its credit has been taken from your balance.`,
        `Balance now: ${usd(figures, 'balance')}.`,
      ],
      next: 'If this is a mistake, tell your bank and answer this message; otherwise there is nothing to do.',
    }),
  },
  dispute_closed: {
    isMailed: always,
    words: (figures) => ({
      subject: `The dispute about ${usd(figures, 'amount')} is over`,
      lines: [
        `The money of the disputed payment is back: ${usd(figures, 'amount')} stands on your balance again.`,
        `Balance now: ${usd(figures, 'balance')}.`,
      ],
      next: 'There is nothing to do.',
    }),
  },
  invoice_issued: {
    isMailed: always,
    words: (figures) => ({
      subject: `Invoice ${textOf(figures, 'number')}: ${usd(figures, 'amount')}`,
      lines: [
        `Your invoice for ${textOf(figures, 'period')} over ${usd(figures, 'amount')} is due on ${textOf(figures, 'due_on')}.`,
      ],
      next: payLine(figures),
    }),
  },
  invoice_overdue: {
    isMailed: always,
    words: (figures) => ({
      subject: `Invoice ${textOf(figures, 'number')} is overdue`,
      lines: [
        `Your invoice over ${usd(figures, 'amount')} was due on ${textOf(figures, 'due_on')}.`,
        `The account is suspended on ${textOf(figures, 'suspended_on')} if it stays unpaid.`,
      ],
      next: payLine(figures),
    }),
  },
  spend_limit_reached: {
    // End users come by the thousand, and their limits are their customer's business.
    isMailed: (figures) => !textOf(figures, 'limit').startsWith('end_user_'),
    words: (figures) => ({
      subject: `${textOf(figures, 'percent')} % of ${limitName(figures)} is used`,
      lines: [
        `${usd(figures, 'spent')} of ${usd(figures, 'limit_amount')} is spent: ${textOf(figures, 'percent')} % of ${limitName(figures)}.`,
        ...(textOf(figures, 'resets_at') === ''
          ? []
          : [`It begins anew at ${textOf(figures, 'resets_at')}.`]),
      ],
      next:
        figures['percent'] === 100
          ? 'Requests under it are refused with 402 until then. Raise the limit to go on.'
          : 'Requests under it are refused with 402 when all of it is used. Raise the limit if that is too early.',
    }),
  },
  webhook_disabled: {
    isMailed: always,
    words: (figures) => ({
      subject: 'A webhook endpoint has been switched off',
      lines: [
        `The endpoint ${textOf(figures, 'endpoint')} is switched off, because ${textOf(figures, 'why')}.`,
      ],
      next: 'Mend it, enable it again and ask for what it has missed: every delivery is kept in its log.',
    }),
  },
} as const satisfies { readonly [type: string]: NoticeType }

export type NoticeTypeName = keyof typeof types

export const noticeTypeNames = Object.keys(types) as readonly NoticeTypeName[]

export function readNoticeType(value: unknown): NoticeTypeName | undefined {
  return noticeTypeNames.find((name) => name === value)
}

export function noticeWords(type: NoticeTypeName, figures: Figures): NoticeWords {
  return types[type].words(figures)
}

export function isMailed(type: NoticeTypeName, figures: Figures): boolean {
  return types[type].isMailed(figures)
}

export function readFigures(value: unknown): Figures {
  // Written by causes.ts, read back from its row.
  return isObject(value) ? (value as Figures) : {}
}

function usd(figures: Figures, name: string): string {
  const amount = textOf(figures, name)
  return amount.startsWith('-') ? `-$${amount.slice(1)}` : `$${amount}`
}

function textOf(figures: Figures, name: string): string {
  const value = figures[name]
  return typeof value === 'number' ? String(value) : (readString(value) ?? '')
}

/** What a customer's bookkeeping asks for. */
function receiptLines(figures: Figures): readonly string[] {
  const of = (name: string) => textOf(figures, name)
  const [bonus, statement, seller, date] = [of('bonus'), of('statement'), of('seller'), of('date')]
  return [
    ...(bonus === '' ? [] : [`A bonus of $${bonus} comes with it.`]),
    ...(of('paid') === '' ? [] : [paidLine(figures)]),
    ...(statement === '' ? [] : [`Your statement shows it as ${statement}.`]),
    `Balance now: ${usd(figures, 'balance')}.`,
    ...(date === '' ? [] : [`Date: ${date}.`]),
    `Reference: ${of('reference')}.`,
    ...(seller === '' ? [] : [`Seller: ${seller}.`]),
  ]
}

function paidLine(figures: Figures): string {
  const [tax, method, last4] = ['tax', 'method', 'last4'].map((name) => textOf(figures, name))
  const by = method === '' ? '' : ` by ${method?.replaceAll('_', ' ')}`
  const card = last4 === '' ? '' : ` ending in ${last4}`
  return `Paid: ${usd(figures, 'paid')}${by}${card}${tax === '' ? '' : `, of which $${tax} is tax`}.`
}

function payLine(figures: Figures): string {
  const payAt = textOf(figures, 'pay_at')
  return payAt === '' ? 'Pay it by the link in the billing settings.' : `Open ${payAt} to pay it.`
}

function becauseOf(figures: Figures): string {
  const why = textOf(figures, 'why')
  return why === '' ? '' : ` (${why.replaceAll('_', ' ')})`
}

/** `key_month` of key 3: "the limit of key 3 per month". */
function limitName(figures: Figures): string {
  const limit = textOf(figures, 'limit')
  const window = limit.slice(limit.lastIndexOf('_') + 1)
  const per = window === 'lifetime' ? 'in all' : `per ${window}`
  if (limit.startsWith('key_')) return `the limit of key ${textOf(figures, 'key')} ${per}`
  if (limit.startsWith('end_user_')) return `the limit of an end user ${per}`
  return 'the monthly spend limit'
}
