// The pages of Stripe's stand-in that a person clicks: pay or abandon, answer 3-D Secure, manage cards. Plain forms, no script.

import type Stripe from 'stripe'
import { escaped } from './html.ts'
import { answerAuthentication, type PageOutcome, paySession } from './stripe-checkout-payment.ts'
import { confirm, refused } from './stripe-confirm.ts'
import { methodsOf, usableMethod } from './stripe-customers.ts'
import { dashboardPage } from './stripe-dashboard.ts'
import { amountText, page, type PageAnswer, type PageRequest } from './stripe-html.ts'
import { payByMethod } from './stripe-invoice-payment.ts'
import { portalPage } from './stripe-portal.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

type Choice = { method: string; label: string; says: string }

/** What a person can choose; the first is the usual one. */
const choices: readonly Choice[] = [
  { method: 'pm_card_visa', label: 'Pay with Visa •••• 4242', says: 'Succeeds at once.' },
  { method: 'pm_card_mastercard', label: 'Pay with Mastercard •••• 4444', says: 'Succeeds at once.' },
  {
    method: 'pm_card_authenticationRequired',
    label: 'Pay with a card that asks for 3-D Secure',
    says: 'The next page asks the question.',
  },
  {
    method: 'pm_card_chargeDeclined',
    label: 'Pay with a card that is declined',
    says: 'The bank says no; the page stays.',
  },
  {
    method: 'pm_card_chargeDeclinedInsufficientFunds',
    label: 'Pay with an empty card',
    says: 'Declined for insufficient funds; the page stays.',
  },
  { method: 'pm_paypal', label: 'Pay with PayPal', says: 'Succeeds at once.' },
  {
    method: 'pm_bankTransfer',
    label: 'Pay by bank transfer',
    says: 'Pending until the money comes: the start page of this server sends it.',
  },
  {
    method: 'pm_usBankAccount_success',
    label: 'Pay by bank debit that arrives',
    says: 'Pending, paid some seconds later.',
  },
  {
    method: 'pm_usBankAccount_accountClosed',
    label: 'Pay by bank debit that fails',
    says: 'Pending, failed some seconds later.',
  },
]

/** Undefined where no page is there. */
export function answerPage(state: StripeState, request: PageRequest): PageAnswer | undefined {
  const [, kind, id = ''] = request.path.split('/')
  const decoded = decodeURIComponent(id)
  switch (kind) {
    case 'pay':
      return payPage(state, decoded, request)
    case 'embedded':
      // What the embedded page shows, for a client that has nothing but the secret.
      return payPage(state, decoded.split('_secret_')[0] ?? '', request)
    case 'confirm':
      return confirmPage(state, decoded, request)
    case 'authenticate':
      return authenticatePage(state, decoded, request)
    case 'portal':
      return portalPage(state, decoded, request)
    case 'invoice':
      return invoicePage(state, decoded, request)
    case '':
    case undefined:
      return dashboardPage(state, request)
    default:
      return undefined
  }
}

function payPage(state: StripeState, id: string, request: PageRequest): PageAnswer {
  const session = known(state.sessions, 'checkout.session', id)
  if (request.method !== 'POST') return showSession(state, session)
  if (request.body.get('method') === 'abandon')
    return { location: cancelAddress(session) ?? here(state, session) }
  if (session.status !== 'open') return showSession(state, session)
  const outcome = paySession(state, id, { method: request.body.get('method') ?? '' })
  return afterOutcome(state, session, outcome)
}

function afterOutcome(
  state: StripeState,
  session: Stripe.Checkout.Session | undefined,
  outcome: PageOutcome,
): PageAnswer {
  if (outcome.is === 'asked') return { location: `${state.pagesUrl}/authenticate/${outcome.paymentIntentId}` }
  if (session === undefined) return { status: 200, html: page('Done', '<p>You may close this page.</p>') }
  if (outcome.is === 'declined') return showSession(state, session, outcome.message)
  return { location: endAddress(session) ?? here(state, session) }
}

function here(state: StripeState, session: Stripe.Checkout.Session): string {
  return `${state.pagesUrl}/pay/${session.id}`
}

function endAddress(session: Stripe.Checkout.Session): string | undefined {
  const address = session.success_url ?? session.return_url ?? ''
  return address === '' ? undefined : address.replaceAll('{CHECKOUT_SESSION_ID}', session.id)
}

function cancelAddress(session: Stripe.Checkout.Session): string | undefined {
  return session.cancel_url ?? undefined
}

function showSession(state: StripeState, session: Stripe.Checkout.Session, problem?: string): PageAnswer {
  const title =
    session.mode === 'setup'
      ? 'Save a card'
      : `Pay ${amountText(session.amount_total ?? 0, session.currency)}`
  if (session.status !== 'open') {
    const end = endAddress(session)
    const link = end === undefined ? '' : `<p><a href="${escaped(end)}">Back to the shop</a></p>`
    const state_ = `${session.status}, ${session.payment_status.replaceAll('_', ' ')}`
    return { status: 200, html: page(title, `<p>This checkout is ${escaped(state_)}.</p>${link}`) }
  }
  const items = (state.lineItems.get(session.id) ?? [])
    .map(
      (item) =>
        `<li>${escaped(item.description ?? 'Item')}: ${amountText(item.amount_total, item.currency)}</li>`,
    )
    .join('')
  const said = problem === undefined ? '' : `<p role="alert" class="problem">${escaped(problem)}</p>`
  const offered =
    session.mode === 'setup' ? choices.filter(({ method }) => method.startsWith('pm_card')) : choices
  const cancel =
    cancelAddress(session) === undefined
      ? 'Leave this page without paying.'
      : 'Back to the shop, nothing paid.'
  const buttons = [
    ...(session.mode === 'setup' ? [] : cardsOf(state, idOf(session.customer))),
    ...offered,
    { method: 'abandon', label: 'Abandon', says: cancel },
  ]
  const form = choiceForm(buttons)
  return { status: problem === undefined ? 200 : 402, html: page(title, `<ul>${items}</ul>${said}${form}`) }
}

function choiceForm(offered: readonly Choice[]): string {
  const rows = offered.map(
    ({ method, label, says }) =>
      `<li><button name="method" value="${escaped(method)}">${escaped(label)}</button> <small>${escaped(says)}</small></li>`,
  )
  return `<form method="post"><ul class="choices">${rows.join('')}</ul></form>`
}

/** Cards that this customer has saved. */
function cardsOf(state: StripeState, customer: string | null): readonly Choice[] {
  if (customer === null) return []
  return methodsOf(state, customer).flatMap(({ id, card }) =>
    card === undefined
      ? []
      : [
          {
            method: id,
            label: `Pay with your saved ${card.brand} •••• ${card.last4}`,
            says: 'Saved before.',
          },
        ],
  )
}

/** What Stripe.js does on the product's page: a payment that waits for its customer is tried once more, with them there. */
function confirmPage(state: StripeState, id: string, request: PageRequest): PageAnswer {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  const back = request.query.get('return_url')
  const title = `Pay ${amountText(intent.amount, intent.currency)}`
  const end = (): PageAnswer =>
    back === null ? { status: 200, html: page(title, '<p>Done.</p>') } : { location: back }
  if (intent.status === 'succeeded' || intent.status === 'canceled') return end()
  if (request.method !== 'POST') {
    const cards = cardsOf(state, idOf(intent.customer)).concat(
      choices.filter(({ method }) => method.startsWith('pm_card')),
    )
    return { status: 200, html: page(title, choiceForm(cards)) }
  }
  intent.payment_method = usableMethod(state, request.body.get('method') ?? '').id
  intent.status = 'requires_confirmation'
  const refusal = refused(() => confirm(state, intent, { failsOnAction: false, returnUrl: back }))
  if (refusal !== undefined)
    return {
      status: 402,
      html: page(title, `<p role="alert" class="problem">${escaped(refusal.message)}</p>`),
    }
  return intent.status === 'requires_action' ? { location: `${state.pagesUrl}/authenticate/${id}` } : end()
}

function authenticatePage(state: StripeState, id: string, request: PageRequest): PageAnswer {
  const intent = known(state.paymentIntents, 'payment_intent', id, 'intent')
  const returnUrl = intent.next_action?.redirect_to_url?.return_url ?? null
  if (intent.status !== 'requires_action')
    return { status: 200, html: page('3-D Secure', '<p>Nothing to answer here.</p>') }
  if (request.method !== 'POST') {
    const amount = amountText(intent.amount, intent.currency)
    const form = `<p>Your bank asks whether you want to pay ${amount}.</p><form method="post"><ul class="choices">
<li><button name="answer" value="complete">Complete</button> <small>You are who you say: the payment succeeds.</small></li>
<li><button name="answer" value="fail">Fail</button> <small>The bank does not believe it: the payment is declined.</small></li></ul></form>`
    return { status: 200, html: page('3-D Secure', form) }
  }
  const session = [...state.sessions.values()].find((one) => idOf(one.payment_intent) === id)
  const outcome = answerAuthentication(state, id, request.body.get('answer') === 'complete')
  if (session === undefined && returnUrl !== null) {
    const separator = returnUrl.includes('?') ? '&' : '?'
    return { location: `${returnUrl}${separator}payment_intent=${id}` }
  }
  return afterOutcome(state, session, outcome)
}

function invoicePage(state: StripeState, id: string, request: PageRequest): PageAnswer {
  const invoice = known(state.invoices, 'invoice', id, 'invoice')
  if (request.method === 'POST' && invoice.status === 'open') {
    const refusal = refused(() => payByMethod(state, id, 'pm_card_visa'))
    if (refusal !== undefined)
      return { status: 402, html: page('Invoice', `<p>${escaped(refusal.message)}</p>`) }
    return { location: `${state.pagesUrl}/invoice/${id}` }
  }
  const lines = invoice.lines.data
    .map(
      ({ description, amount }) =>
        `<li>${escaped(description ?? '')}: ${amountText(amount, invoice.currency)}</li>`,
    )
    .join('')
  const title = `Invoice ${invoice.number ?? '(draft)'}, ${amountText(invoice.total, invoice.currency)}`
  const button =
    invoice.status === 'open' ? '<form method="post"><button>Pay with Visa •••• 4242</button></form>' : ''
  return { status: 200, html: page(title, `<ul>${lines}</ul><p>${invoice.status}</p>${button}`) }
}
