// Stripe behind the port keeps the contract of payment providers. Stripe is the stand-in, which holds every request against the
// types of Stripe's own package.

import { stripeProvider, stripeSdk } from '#payments/stripe.ts'
import type { ToldEvent } from '#payments/provider.ts'
import type { NanoUsd } from '#core/money.ts'
import { objectOf } from '#core/readers.ts'
import { startStripe, type StripeStandIn } from '../../dev/stripe.ts'
import type { FaultKind } from '../../dev/stripe-faults.ts'
import { describeProvider } from '../contracts/payment-provider.ts'
import type {
  CardMood,
  PageMethod,
  ProviderUnderTest,
  ProviderWorld,
  Trouble,
} from '../contracts/provider-world.ts'
import { judgeOfStripe } from '../world/judged-stripe.ts'

describeProvider('Stripe', startStripeProvider)

async function startStripeProvider(): Promise<ProviderUnderTest> {
  const standIn = await startStripe({ judge: judgeOfStripe() })
  standIn.control.setTax({ basisPoints: taxBasisPoints })
  const config = {
    secretKey: standIn.secretKey,
    isLive: false,
    baseUrl: new URL(standIn.url),
    hasAutomaticTax: false,
    statementSuffix: 'CREDIT',
  }
  return {
    provider: stripeProvider(config),
    inOtherMode: stripeProvider({ ...config, isLive: true }),
    withTax: stripeProvider({ ...config, hasAutomaticTax: true }),
    world: {
      ...people(standIn),
      ...banks(standIn),
      ...office(standIn),
      ...network(standIn),
      ...byHand(stripeSdk(config)),
      taxBasisPoints,
    },
    complaints: async () => standIn.control.takeFaults(),
    stop: () => standIn.stop(),
  }
}

const taxBasisPoints = 2_000

const methods: { readonly [method in PageMethod]: string } = {
  card: 'pm_card_visa',
  declined_card: 'pm_card_chargeDeclined',
  asking_card: 'pm_card_threeDSecure2Required',
  slow_refund_card: 'pm_card_pendingRefund',
  debit: 'pm_usBankAccount_success',
  failing_debit: 'pm_usBankAccount_accountClosed',
  transfer: 'pm_bankTransfer',
}

const moods = {
  pays: { does: 'succeed' },
  lacks_funds: { does: 'decline', decline: 'insufficient_funds' },
  is_stolen: { does: 'decline', decline: 'stolen_card' },
  is_refused_for_good: { does: 'decline', decline: 'do_not_try_again' },
  asks_its_owner: { does: 'authenticate', unless: 'never' },
} as const satisfies { readonly [mood in CardMood]: object }

const faults: { readonly [trouble in Trouble]: FaultKind } = {
  proxy_page: 'html',
  proxy_refusal: 'foreign_refusal',
  empty_answer: 'empty_object',
  empty_404: 'not_found',
  too_many: 'rate_limited',
  own_error: 'server_error',
  hang_up: 'cut',
  lost_answers: 'cut_after_commit',
  kept_errors: 'server_error_after_commit',
}

const centsOf = (amount: NanoUsd) => amount / 10_000_000
const daySeconds = 86_400
/** More than any test asks. */
const everything = 10_000

type Part<Name extends keyof ProviderWorld> = Pick<ProviderWorld, Name>

function people({
  control,
}: StripeStandIn): Part<
  'nowMs' | 'payPage' | 'answerBank' | 'letPagesExpire' | 'deleteCustomer' | 'removeCard'
> {
  return {
    nowMs: async () => control.now() * 1_000,
    payPage: async ({ checkoutId, by, presented }) => {
      const presentment = presented === undefined ? {} : { presentment: presented }
      return control.pay({ sessionId: checkoutId, method: methods[by], ...presentment }).is
    },
    answerBank: async ({ paymentId, isPassed }) =>
      void control.authenticate({ paymentIntentId: paymentId, isPassed }),
    letPagesExpire: async () => control.advanceClock({ seconds: daySeconds }),
    deleteCustomer: async (customerId) => void control.deleteCustomer({ customerId }),
    removeCard: async (cardId) => void control.detachCard({ paymentMethodId: cardId }),
  }
}

function banks({
  control,
}: StripeStandIn): Part<
  'endPending' | 'transfer' | 'setMood' | 'openDispute' | 'moveDispute' | 'warnOfFraud' | 'endRefund'
> {
  return {
    endPending: async ({ paymentId, isArriving }) =>
      void control.settle({ paymentIntentId: paymentId, end: isArriving ? 'succeeded' : 'failed' }),
    transfer: async ({ paymentId, amountNanoUsd }) =>
      void control.transfer({ paymentIntentId: paymentId, amount: centsOf(amountNanoUsd) }),
    setMood: async ({ cardId, mood }) => control.setCard({ paymentMethodId: cardId, behaviour: moods[mood] }),
    openDispute: async ({ paymentId }) => ({
      disputeId: control.dispute({ paymentIntentId: paymentId, isWithdrawn: false }).id,
    }),
    moveDispute: async (moved) => void control.moveDispute(moved),
    warnOfFraud: async ({ paymentId }) => void control.fraudWarning({ paymentIntentId: paymentId }),
    endRefund: async ({ refundId, isGood }) =>
      void (isGood ? control.completeRefund({ refundId }) : control.failRefund({ refundId })),
  }
}

function office({
  control,
}: StripeStandIn): Part<'refund' | 'payDocument' | 'renew' | 'newestPaymentBy' | 'chargeOf' | 'toldAbout'> {
  const objectWith = (id: string) => objectOf(control.object({ id }))
  return {
    refund: async ({ paymentId, amountNanoUsd }) => ({
      refundId: control.refund({ paymentIntentId: paymentId, amount: centsOf(amountNanoUsd) }).id,
    }),
    payDocument: async ({ documentId, cardId }) =>
      void control.payInvoice({ invoiceId: documentId, paymentMethodId: cardId }),
    renew: async (subscriptionId) => control.renew({ subscriptionId }),
    newestPaymentBy: async (cardId) => {
      const made = control.events({ types: ['payment_intent.succeeded'], mentions: cardId }).at(-1)
      return String(objectOf(made?.data.object)['id'])
    },
    chargeOf: async (paymentId) => String(objectWith(paymentId)['latest_charge']),
    toldAbout: async (id) =>
      control.events().flatMap(({ id: eventId, type, data }): ToldEvent[] => {
        const object = objectOf(structuredClone(data.object))
        const previous = objectOf(structuredClone(data.previous_attributes))
        return object['id'] === id ? [{ id: eventId, type, object, previous }] : []
      }),
  }
}

function network({ control }: StripeStandIn): Part<'doors' | 'begin' | 'endTrouble'> {
  return {
    doors: [
      'payment_intents',
      'refunds',
      'disputes',
      'radar',
      'charges',
      'invoices',
      'invoice_payments',
      'subscriptions',
    ],
    begin: async (trouble, door) =>
      control.plantFault({
        kind: faults[trouble],
        times: everything,
        ...(door !== undefined && { path: `/v1/${door}` }),
      }),
    endTrouble: async () => control.clearFaults(),
  }
}

/** What is done at Stripe with Stripe's own API by somebody else than the product. */
function byHand(sdk: ReturnType<typeof stripeSdk>): Part<'giveUpDocument' | 'leaveUnconfirmedCard'> {
  return {
    giveUpDocument: async (documentId) => {
      await sdk.invoices.markUncollectible(documentId, {}, { idempotencyKey: `give up ${documentId}` })
    },
    leaveUnconfirmedCard: async (customerId) => {
      const asked = { customer: customerId, payment_method: 'pm_card_visa' }
      await sdk.setupIntents.create(asked, { idempotencyKey: `leave a card of ${customerId}` })
    },
  }
}
