// The portal of Stripe's stand-in, where customers look after their cards and plans themselves.

import type Stripe from 'stripe'
import { escaped } from './html.ts'
import { attach, detach, methodsOf, usableMethod } from './stripe-customers.ts'
import { amountText, page, type PageAnswer, type PageRequest } from './stripe-html.ts'
import { idOf, knownCustomer, type StripeState } from './stripe-state.ts'
import { setEnding } from './stripe-subscriptions.ts'

export function portalPage(state: StripeState, id: string, request: PageRequest): PageAnswer {
  const customer = knownCustomer(state, id)
  if (request.method === 'POST') {
    const [action = '', what = ''] = (request.body.get('do') ?? '').split(' ')
    act(state, customer, { action, what })
  }
  const usual = idOf(customer.invoice_settings.default_payment_method)
  const cards = methodsOf(state, id).map(({ id: methodId, card }) => {
    const expiry = card === undefined ? '' : `, until ${card.exp_month}/${card.exp_year}`
    const name = card === undefined ? methodId : `${card.brand} •••• ${card.last4}${expiry}`
    const isUsual = methodId === usual
    const usualButton = isUsual
      ? '<small>the usual one</small>'
      : button('usual', methodId, 'Make it the usual one')
    return `<li>${escaped(name)} ${usualButton} ${button('remove', methodId, 'Remove')}</li>`
  })
  const plans = [...state.subscriptions.values()]
    .filter((one) => idOf(one.customer) === id && one.status !== 'canceled')
    .map((one) => {
      const end = one.cancel_at_period_end
        ? `ends with its period ${button('keep', one.id, 'Keep it')}`
        : button('cancel', one.id, 'Cancel at the end of the period')
      return `<li>Plan <small>${escaped(one.id)}, ${one.status}</small> ${end}</li>`
    })
  const add = [
    button('add', 'pm_card_visa', 'Add Visa •••• 4242'),
    button('add', 'pm_card_mastercard', 'Add Mastercard •••• 4444'),
  ]
  const back = request.query.get('return_url')
  const link = back === null ? '' : `<p><a href="${escaped(back)}">Back to the shop</a></p>`
  const list = [...cards, ...plans, `<li>${add.join(' ')}</li>`].join('')
  const form = `<form method="post"><ul class="choices">${list}</ul></form>`
  return {
    status: 200,
    html: page('Cards, plans and invoices', `${form}<h2>Invoices</h2>${invoicesOf(state, id)}${link}`),
  }
}

/** Newest first; drafts are nobody's yet. */
function invoicesOf(state: StripeState, customer: string): string {
  const lines = [...state.invoices.values()]
    .filter((one) => idOf(one.customer) === customer && one.status !== 'draft')
    .reverse()
    .map((one) => {
      const amount = amountText(one.total, one.currency)
      const address = escaped(one.hosted_invoice_url ?? '')
      return `<li><a href="${address}">${escaped(one.number ?? one.id)}</a> ${amount}, ${one.status}</li>`
    })
  return lines.length === 0 ? '<p>None yet.</p>' : `<ul class="invoices">${lines.join('')}</ul>`
}

function button(action: string, what: string, label: string): string {
  return `<button name="do" value="${action} ${escaped(what)}">${escaped(label)}</button>`
}

function act(
  state: StripeState,
  customer: Stripe.Customer,
  { action, what }: { action: string; what: string },
): void {
  const { invoice_settings: settings } = customer
  if (action === 'remove') detach(state, what)
  else if (action === 'cancel' || action === 'keep') setEnding(state, what, action === 'cancel')
  else if (action === 'usual' || action === 'add') {
    const method = usableMethod(state, what)
    if (action === 'add') attach(state, method, customer.id)
    const previous = { ...settings }
    settings.default_payment_method = method.id
    state.emit('customer.updated', customer, { invoice_settings: previous })
    payPlansWith(state, customer.id, method.id)
  }
}

/** The portal gives the new card to what is paid by an old one as well. */
function payPlansWith(state: StripeState, customer: string, method: string): void {
  for (const one of state.subscriptions.values()) {
    const before = idOf(one.default_payment_method)
    if (idOf(one.customer) !== customer || one.status === 'canceled' || before === method) continue
    one.default_payment_method = method
    state.emit('customer.subscription.updated', one, { default_payment_method: before })
  }
}
