// The start page of Stripe's stand-in: the newest payments, and buttons for what a bank or the operator may do to each.

import type Stripe from 'stripe'
import { escaped } from './html.ts'
import { receiveTransfer, settle } from './stripe-confirm.ts'
import { openDispute, warnOfFraud } from './stripe-disputes.ts'
import { amountText, page, type PageAnswer, type PageRequest } from './stripe-html.ts'
import { refund } from './stripe-refunds.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

/** The newest payments, and what a bank or the operator may do to each. */
const dashboardPaymentsMax = 30

export function dashboardPage(state: StripeState, request: PageRequest): PageAnswer {
  if (request.method === 'POST') {
    const [action = '', id = ''] = (request.body.get('do') ?? '').split(' ')
    actOn(state, action, known(state.paymentIntents, 'payment_intent', id, 'intent'))
    return { location: `${state.pagesUrl}/` }
  }
  const newest = [...state.paymentIntents.values()].slice(-dashboardPaymentsMax).reverse()
  const rows = newest.map((intent) => {
    const buttons = actionsFor(state, intent)
      .map(([action, label]) => `<button name="do" value="${action} ${escaped(intent.id)}">${label}</button>`)
      .join(' ')
    return `<li>${amountText(intent.amount, intent.currency)} <small>${escaped(intent.id)}, ${intent.status.replaceAll('_', ' ')}</small><br>${buttons}</li>`
  })
  const list =
    rows.length === 0
      ? '<p>No payment yet.</p>'
      : `<form method="post"><ul class="choices">${rows.join('')}</ul></form>`
  return { status: 200, html: page('Payments', list) }
}

function actionsFor(
  state: StripeState,
  intent: Stripe.PaymentIntent,
): readonly (readonly [string, string])[] {
  if (intent.status === 'processing')
    return [
      ['settle', 'The money arrives'],
      ['fail', 'It never does'],
    ]
  if (intent.next_action?.type === 'display_bank_transfer_instructions')
    return [
      ['transfer', 'Transfer arrives'],
      ['less', 'Half of it arrives'],
      ['more', 'One dollar too much arrives'],
    ]
  const charge = state.charges.get(idOf(intent.latest_charge) ?? '')
  if (charge?.paid !== true || charge.refunded) return []
  return [
    ['half', 'Refund half'],
    ['refund', 'Refund'],
    ...(charge.disputed
      ? []
      : ([
          ['dispute', 'The customer disputes it'],
          ['warn', 'Early fraud warning'],
        ] as const)),
  ]
}

function actOn(state: StripeState, action: string, intent: Stripe.PaymentIntent): void {
  const { id } = intent
  const remaining = intent.next_action?.display_bank_transfer_instructions?.amount_remaining ?? 0
  const charge = state.charges.get(idOf(intent.latest_charge) ?? '')
  const plainRefund = { reason: null, metadata: {} }
  if (action === 'settle') settle(state, id, 'succeeded')
  else if (action === 'fail') settle(state, id, 'failed')
  else if (action === 'transfer') receiveTransfer(state, id, remaining)
  else if (action === 'less') receiveTransfer(state, id, Math.ceil(remaining / 2))
  else if (action === 'more') receiveTransfer(state, id, remaining + 100)
  else if (charge === undefined) return
  else if (action === 'half') refund(state, charge, { amount: Math.ceil(charge.amount / 2), ...plainRefund })
  else if (action === 'refund') refund(state, charge, { amount: null, ...plainRefund })
  else if (action === 'dispute') openDispute(state, charge)
  else if (action === 'warn') warnOfFraud(state, charge)
}
